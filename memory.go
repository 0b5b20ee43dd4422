package dasf

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// largeAnswer is from how many bytes on the memory of a response is collected
// as soon as it is free.
const largeAnswer = 32 << 20

// collect has the memory of a large response, of n bytes, collected at once. Left
// to the collector's own pace, which lets the memory double, results and their
// JSON of several calls lie beside each other before it begins. It is not done
// where the program holds so much else that a collection costs more than the
// response did.
func collect(n int) {
	if n < largeAnswer {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() == metrics.KindUint64 && live[0].Value.Uint64() <= 8*uint64(n) {
		runtime.GC()
	}
}

// collectWhile sends a response of n bytes. The result that it was made of is
// collected together with the response: if its pieces came to lie where the
// result was, the next one would not fit there. On a slow network the result is
// not held that long.
func collectWhile(n int, send func() error) error {
	if n < largeAnswer {
		return send()
	}
	collected := make(chan struct{})
	slow := time.AfterFunc(slowAnswer, func() {
		collect(n)
		close(collected)
	})
	err := send()
	if !slow.Stop() {
		<-collected
	}
	return err
}

// slowAnswer is how long sending a response may take before the result is
// collected.
const slowAnswer = time.Second

package measure

import "os"

func peakEnded(*os.ProcessState) int64 { return 0 }

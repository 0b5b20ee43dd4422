package main

import (
	"bytes"
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/dasf-go/dasf/internal/measure"
)

const (
	grpcService = "dasf.compare.Echo"
	grpcMethod  = "Call"
)

// grpcEcho is what protoc would make of a service whose only method takes and
// returns google.protobuf.BytesValue.
var grpcEcho = grpc.ServiceDesc{
	ServiceName: grpcService,
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{
		MethodName: grpcMethod,
		Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var request wrapperspb.BytesValue
			if err := decode(&request); err != nil {
				return nil, err
			}
			return &request, nil
		},
	}},
}

func grpcBackend(ctx context.Context, p measure.Part, _ string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := grpc.NewServer()
	s.RegisterService(&grpcEcho, nil)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	err = p.Serve(ctx, listener.Addr().String())
	s.Stop()
	if failed := <-served; err == nil {
		err = failed
	}
	return err
}

func grpcClient(ctx context.Context, p measure.Part, address string) error {
	c, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer c.Close()
	return p.Measure(ctx, func(ctx context.Context, load measure.Load) (measure.Result, error) {
		payload := bytes.Repeat([]byte("x"), load.Payload)
		return load.Loop(ctx, []measure.Call{func(ctx context.Context) (int, error) {
			var answer wrapperspb.BytesValue
			if err := c.Invoke(ctx, "/"+grpcService+"/"+grpcMethod, wrapperspb.Bytes(payload), &answer); err != nil {
				return 0, err
			}
			if len(answer.Value) != len(payload) {
				return 0, fmt.Errorf("%d bytes came, %d were sent", len(answer.Value), len(payload))
			}
			return 2 * len(payload), nil
		}})
	})
}

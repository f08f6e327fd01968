package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type TestError struct{ message string }

func (e TestError) Error() string { return e.message }

type action struct {
	Do      string `json:"do"`
	Text    string `json:"text"`
	Stream  string `json:"stream"`
	Message string `json:"message"`
	Ms      int    `json:"ms"`
	Code    int    `json:"code"`
	Bytes   int    `json:"bytes"`
}

func handle(ctx context.Context, event json.RawMessage) (any, error) {
	var fields action
	_ = json.Unmarshal(event, &fields) // an event that is no object chooses nothing
	switch fields.Do {
	case "log":
		out := os.Stdout
		if fields.Stream == "stderr" {
			out = os.Stderr
		}
		fmt.Fprintln(out, fields.Text)
	case "error":
		return nil, TestError{fields.Message}
	case "sleep":
		time.Sleep(time.Duration(fields.Ms) * time.Millisecond)
	case "exit":
		os.Exit(fields.Code)
	case "crash":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "env":
		values := map[string]string{}
		for _, entry := range os.Environ() {
			name, value, _ := strings.Cut(entry, "=")
			values[name] = value
		}
		return values, nil
	case "big":
		if fields.Bytes < 2 {
			return "", nil
		}
		return strings.Repeat("x", fields.Bytes-2), nil
	case "orphan":
		child := exec.Command("sleep", "infinity")
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			return nil, err
		}
	case "context":
		values, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{
			"functionName":          lambdacontext.FunctionName,
			"functionVersion":       lambdacontext.FunctionVersion,
			"invokedFunctionArn":    values.InvokedFunctionArn,
			"memoryLimitInMB":       lambdacontext.MemoryLimitInMB,
			"awsRequestId":          values.AwsRequestID,
			"logGroupName":          lambdacontext.LogGroupName,
			"logStreamName":         lambdacontext.LogStreamName,
			"remainingTimeInMillis": time.Until(deadline).Milliseconds(),
		}, nil
	}
	return event, nil
}

func main() {
	init := os.Getenv("TEST_INIT")
	switch {
	case init == "exit":
		os.Exit(1)
	case init == "error":
		panic("init failed") // aws-lambda-go has no way to report an init error
	case strings.HasPrefix(init, "sleep:"):
		ms, _ := strconv.Atoi(strings.TrimPrefix(init, "sleep:"))
		time.Sleep(time.Duration(ms) * time.Millisecond)
	}
	lambda.Start(handle)
}

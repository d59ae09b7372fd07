// Command random sends gRPC requests from a file over HTTP/2 and checks every response.
//
// A program of its own because h2load has one body per process. It writes frames itself, so that a call costs about 10 µs.
// The file is a sequence of records: one byte (1 if field 1 of the response is true), the length of the request (4 bytes,
// big endian), and the request. It prints one line of JSON.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"net"
	"os"
	"sort"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

type request struct {
	frame   []byte // a gRPC message with its prefix
	allowed bool
}

type result struct {
	durations     []float64 // milliseconds
	wrong, failed int
}

// call is a request in flight.
type call struct {
	request  *request
	start    time.Time
	response []byte
}

func main() {
	address := flag.String("address", "", "HOST:PORT of the server")
	path := flag.String("path", "", "/package.Service/Method")
	file := flag.String("requests", "", "file of requests")
	token := flag.String("token", "", "bearer token")
	connections := flag.Int("connections", 8, "number of connections")
	streams := flag.Int("streams", 8, "calls in flight on each connection")
	warm := flag.Float64("warm", 2, "seconds that do not count")
	seconds := flag.Float64("seconds", 4, "seconds that count")
	flag.Parse()

	requests := read(*file)
	begin := time.Now().Add(time.Duration(*warm * float64(time.Second)))
	end := begin.Add(time.Duration(*seconds * float64(time.Second)))
	results := make([]result, *connections)
	var running sync.WaitGroup
	for index := range results {
		running.Add(1)
		go func() {
			defer running.Done()
			results[index] = load(*address, *path, *token, requests, *streams, begin, end)
		}()
	}
	running.Wait()

	var all result
	for _, one := range results {
		all.durations = append(all.durations, one.durations...)
		all.wrong += one.wrong
		all.failed += one.failed
	}
	sort.Float64s(all.durations)
	at := func(share float64) float64 {
		if len(all.durations) == 0 {
			return 0
		}
		return all.durations[int(share*float64(len(all.durations)-1))]
	}
	line, _ := json.Marshal(map[string]any{
		"calls": len(all.durations), "rate": float64(len(all.durations)) / *seconds,
		"p50": at(0.5), "p99": at(0.99), "wrong": all.wrong, "failed": all.failed,
	})
	fmt.Println(string(line))
}

func read(file string) []request {
	content, err := os.ReadFile(file)
	check(err)
	var requests []request
	for len(content) > 0 {
		length := binary.BigEndian.Uint32(content[1:5])
		frame := append([]byte{0}, content[1:5+length]...)
		requests = append(requests, request{frame, content[0] == 1})
		content = content[5+length:]
	}
	return requests
}

// load keeps a number of calls in flight on one connection until the end.
func load(address, path, token string, requests []request, streams int, begin, end time.Time) result {
	connection, err := net.Dial("tcp", address)
	check(err)
	defer connection.Close()
	out := bufio.NewWriterSize(connection, 1<<16)
	in := bufio.NewReaderSize(connection, 1<<16)
	framer := http2.NewFramer(out, in)
	var headers bytes.Buffer
	encoder := hpack.NewEncoder(&headers)
	_, err = out.WriteString(http2.ClientPreface)
	check(err)
	check(framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30}))
	check(framer.WriteWindowUpdate(0, 1<<30))

	failures := 0
	decoder := hpack.NewDecoder(4096, nil)
	calls := map[uint32]*call{}
	next, id := rand.Intn(len(requests)), uint32(1)
	open := func() {
		one := &requests[next%len(requests)]
		next++
		headers.Reset()
		for _, field := range [][2]string{
			{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", address},
			{"content-type", "application/grpc"}, {"te", "trailers"},
		} {
			check(encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}))
		}
		if token != "" {
			check(encoder.WriteField(hpack.HeaderField{Name: "authorization", Value: "Bearer " + token}))
		}
		check(framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: headers.Bytes(), EndHeaders: true}))
		check(framer.WriteData(id, true, one.frame))
		calls[id] = &call{request: one, start: time.Now()}
		id += 2
	}
	for range streams {
		open()
	}
	check(out.Flush())

	var got result
	received := 0
	for len(calls) > 0 {
		frame, err := framer.ReadFrame()
		check(err)
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				check(framer.WriteSettingsAck())
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				check(framer.WritePing(true, frame.Data))
			}
		case *http2.DataFrame:
			if one := calls[frame.StreamID]; one != nil {
				one.response = append(one.response, frame.Data()...)
			}
			if received += len(frame.Data()); received > 1<<20 {
				check(framer.WriteWindowUpdate(0, uint32(received)))
				received = 0
			}
		case *http2.HeadersFrame:
			status := ""
			decoder.SetEmitFunc(func(field hpack.HeaderField) {
				if field.Name == "grpc-status" {
					status = field.Value
				}
			})
			_, err := decoder.Write(frame.HeaderBlockFragment())
			check(err)
			one := calls[frame.StreamID]
			if !frame.StreamEnded() || one == nil {
				break
			}
			delete(calls, frame.StreamID)
			now := time.Now()
			if status != "0" {
				failures++
			} else if isTrue(one.response) != one.request.allowed {
				got.wrong++
			}
			if now.After(begin) && now.Before(end) {
				got.durations = append(got.durations, now.Sub(one.start).Seconds()*1000)
			}
			if now.Before(end) {
				open()
			}
		case *http2.GoAwayFrame, *http2.RSTStreamFrame:
			check(fmt.Errorf("the server ended the connection or a stream: %v", frame))
		}
		if in.Buffered() == 0 {
			check(out.Flush())
		}
	}
	got.failed = failures
	return got
}

// isTrue returns whether field 1 of a response is true. A false field is absent.
func isTrue(response []byte) bool {
	return len(response) >= 7 && response[5] == 1<<3 && response[6] == 1
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

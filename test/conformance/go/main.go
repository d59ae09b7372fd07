// Command runner holds the conversations of test/conformance/cases with a server.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

var (
	token         = flag.String("token", "", "`TOKEN`, sent as \"authorization: Bearer TOKEN\"")
	caFile        = flag.String("ca-file", "", "TLS, with a certificate that has to be signed by the authority in `FILE` (PEM)")
	useTLS        = flag.Bool("tls", false, "TLS, with the authorities of the system")
	serviceConfig = flag.String("service-config", "proto/orgroles/v1/service_config_with_request_ids.json", "`FILE` with the gRPC service config")
	noRetries     = flag.Bool("no-retries", false, "no retries by gRPC itself")
	variables     = map[string]string{}
)

func main() {
	flag.Func("variable", "`NAME=VALUE` for the cases, any number of times", addVariable)
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "runner [OPTIONS] ADDRESS CASE...")
		flag.PrintDefaults()
	}
	flag.Parse()
	passed, failed, err := run(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		flag.Usage()
		os.Exit(2)
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}

func addVariable(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found || !regexp.MustCompile(`^\w+$`).MatchString(name) {
		return errors.New("it is not NAME=VALUE")
	}
	variables[name] = value
	return nil
}

// run counts the steps that passed and failed. An error means that it was called the wrong way.
func run(args []string) (passed, failed int, err error) {
	if len(args) < 2 {
		return 0, 0, errors.New("an address and at least one case are needed")
	}
	cases := make([][]step, len(args)-1)
	for i, file := range args[1:] {
		if cases[i], err = readSteps(file); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", file, err)
		}
	}
	conn, err := dial(args[0])
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	client := newCaller(conn, !*noRetries)
	for i, file := range args[1:] {
		name := regexp.MustCompile(`\.ya?ml$`).ReplaceAllString(filepath.Base(file), "")
		conversation := newConversation(client, *token, variables)
		for number, step := range cases[i] {
			if fault := conversation.hold(step); fault != nil {
				fmt.Printf("not ok %s %d %s\n", name, number+1, step.Call)
				fmt.Println("  " + strings.ReplaceAll(fault.Error(), "\n", "\n  "))
				failed++
				break
			}
			fmt.Printf("ok %s %d %s\n", name, number+1, step.Call)
			passed++
		}
	}
	return passed, failed, nil
}

func dial(address string) (*grpc.ClientConn, error) {
	config, err := os.ReadFile(*serviceConfig)
	if err != nil {
		return nil, err
	}
	transport := insecure.NewCredentials()
	if *caFile != "" {
		if transport, err = credentials.NewClientTLSFromFile(*caFile, ""); err != nil {
			return nil, err
		}
	} else if *useTLS {
		transport = credentials.NewTLS(nil)
	}
	reconnect := backoff.DefaultConfig
	reconnect.MaxDelay = time.Second // well within the timeouts of the service config
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(string(config)),
		grpc.WithDisableServiceConfig(), // which is that of DNS, and would be preferred
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: 20 * time.Second}),
	}
	if *noRetries {
		options = append(options, grpc.WithDisableRetry())
	}
	return grpc.NewClient(address, options...)
}

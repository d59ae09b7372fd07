package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	orgrolesv1 "orgroles.example/conformance/gen/orgroles/v1"
)

// attempts bounds how often a call is made whose connection breaks amid the answer, when gRPC itself never retries.
const attempts = 6

// caller has the generated clients by the names of their services.
type caller struct {
	clients map[string]any
	retries bool
}

func newCaller(conn grpc.ClientConnInterface, retries bool) caller {
	return caller{retries: retries, clients: map[string]any{
		"AccessService":      orgrolesv1.NewAccessServiceClient(conn),
		"EnvironmentService": orgrolesv1.NewEnvironmentServiceClient(conn),
		"EventService":       orgrolesv1.NewEventServiceClient(conn),
		"MembershipService":  orgrolesv1.NewMembershipServiceClient(conn),
		"PermissionService":  orgrolesv1.NewPermissionServiceClient(conn),
		"RoleService":        orgrolesv1.NewRoleServiceClient(conn),
	}}
}

// outcome is what came back: an answer, or an error as the cases write it.
type outcome struct {
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  *failure        `json:"error,omitempty"`
}

type failure struct {
	Code          string            `json:"code"`
	Message       string            `json:"message"`
	Domain        string            `json:"domain"`
	Reason        string            `json:"reason"`
	Metadata      map[string]string `json:"metadata"`
	Fields        []string          `json:"fields"`
	Preconditions []string          `json:"preconditions"`
	Quotas        []string          `json:"quotas"`
	Retry         bool              `json:"retry"`
}

// call calls a method by its name, such as RoleService/CreateRole. Its error means that this is no call to be made.
func (c caller) call(ctx context.Context, name string, request []byte) (outcome, error) {
	service, rpc, _ := strings.Cut(name, "/")
	client := reflect.ValueOf(c.clients[service])
	if !client.IsValid() || !client.MethodByName(rpc).IsValid() {
		return outcome{}, fmt.Errorf("there is no call %s", name)
	}
	method := client.MethodByName(rpc)
	message := reflect.New(method.Type().In(1).Elem()).Interface().(proto.Message)
	if err := protojson.Unmarshal(request, message); err != nil {
		return outcome{}, err
	}
	setRequestID(message.ProtoReflect())
	ctx, cancel := context.WithCancel(ctx) // ends a stream after its first message
	defer cancel()
	for attempt := 1; ; attempt++ {
		results := method.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(message)})
		if stream, isStream := results[0].Interface().(grpc.ClientStream); isStream && results[1].IsNil() {
			results = reflect.ValueOf(stream).MethodByName("Recv").Call(nil)
		}
		err, failed := results[1].Interface().(error)
		if !failed {
			answer, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(results[0].Interface().(proto.Message))
			return outcome{Answer: answer}, err
		}
		if s := status.Convert(err); !c.retries || attempt == attempts || !isCutOff(s) {
			return outcome{Error: readError(s)}, nil
		}
	}
}

func isCutOff(s *status.Status) bool {
	return s.Code() == codes.Unavailable && len(s.Details()) == 0
}

func setRequestID(message protoreflect.Message) {
	field := message.Descriptor().Fields().ByName("request_id")
	if field != nil && !message.Has(field) {
		message.Set(field, protoreflect.ValueOfString(uuid.NewString()))
	}
}

func readError(s *status.Status) *failure {
	read := failure{Code: code.Code(s.Code()).String(), Message: s.Message()}
	for _, detail := range s.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			read.Domain, read.Reason, read.Metadata = detail.GetDomain(), detail.GetReason(), detail.GetMetadata()
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				read.Fields = append(read.Fields, violation.GetField())
			}
		case *errdetails.PreconditionFailure:
			for _, violation := range detail.GetViolations() {
				read.Preconditions = append(read.Preconditions, violation.GetSubject())
			}
		case *errdetails.QuotaFailure:
			for _, violation := range detail.GetViolations() {
				read.Quotas = append(read.Quotas, violation.GetSubject())
			}
		case *errdetails.RetryInfo:
			read.Retry = true
		}
	}
	return &read
}

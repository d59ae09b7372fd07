package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v4"
	"google.golang.org/grpc/metadata"
)

// step is a step of a case, as test/conformance/README.md describes it.
type step struct {
	Call   string
	With   map[string]any
	As     string
	Times  int
	Within int
	Answer map[string]any
	Error  map[string]any
	Keep   map[string]string
}

// readSteps reads a case, whose values become those of JSON.
func readSteps(file string) ([]step, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var document any
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	text, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	var read struct{ Steps []step }
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, err
	}
	if len(read.Steps) == 0 {
		return nil, errors.New("it has no steps")
	}
	return read.Steps, nil
}

// conversation is one file's calls, in turn, with the variables that they keep.
type conversation struct {
	client    caller
	token     string
	variables map[string]string
}

func newConversation(client caller, token string, given map[string]string) *conversation {
	variables := map[string]string{"run": strings.ToLower(rand.Text()[:8]), "uuid": uuid.NewString()}
	maps.Copy(variables, given)
	return &conversation{client, token, variables}
}

// hold makes the calls of a step. Its error says what is wrong with what came.
func (c *conversation) hold(s step) error {
	var fault error
	for n := 1; n <= max(s.Within, s.Times, 1); n++ {
		c.variables["n"] = strconv.Itoa(n)
		fault = c.holdOnce(s)
		if (fault == nil) == (s.Within > 0) {
			break
		}
	}
	return fault
}

func (c *conversation) holdOnce(s step) error {
	ctx, errToken := c.contextOf(s)
	request, errRequest := c.filled(s.With)
	expected, errExpected := c.filled(expectationOf(s))
	if err := errors.Join(errToken, errRequest, errExpected); err != nil {
		return err
	}
	came, err := c.client.call(ctx, s.Call, request)
	if err != nil {
		return err
	}
	actual := toJSON(came)
	if (came.Error != nil) != (s.Error != nil) || !matches(fromJSON(expected), fromJSON(actual)) {
		return fmt.Errorf("expected: %s\nactual: %s", expected, actual)
	}
	for name, path := range s.Keep {
		if c.variables[name] = valueAt(fromJSON(actual), "answer."+path); c.variables[name] == "" {
			return fmt.Errorf("there is nothing to keep at %s in %s", path, actual)
		}
	}
	return nil
}

func (c *conversation) contextOf(s step) (context.Context, error) {
	ctx, token := context.Background(), c.token
	if s.As != "" && s.As != "nobody" {
		var err error
		if token, err = c.variable(s.As + "_token"); err != nil {
			return nil, err
		}
	}
	if token == "" || s.As == "nobody" {
		return ctx, nil
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token), nil
}

func expectationOf(s step) map[string]any {
	kind, fields := "answer", map[string]any{}
	maps.Copy(fields, s.Answer)
	if s.Error != nil {
		kind, fields["domain"] = "error", "orgroles"
		maps.Copy(fields, s.Error)
	}
	return map[string]any{kind: fields}
}

var reference = regexp.MustCompile(`\$\{\w+\}`)

// filled is value as JSON, with variables in the place of their names.
func (c *conversation) filled(value map[string]any) ([]byte, error) {
	if value == nil {
		return []byte("{}"), nil
	}
	var errs []error
	text := reference.ReplaceAllFunc(toJSON(value), func(name []byte) []byte {
		value, err := c.variable(string(name[2 : len(name)-1]))
		errs = append(errs, err)
		quoted := toJSON(value)
		return quoted[1 : len(quoted)-1]
	})
	return text, errors.Join(errs...)
}

func (c *conversation) variable(name string) (string, error) {
	value, found := c.variables[name]
	if !found {
		return "", fmt.Errorf("there is no variable %s", name)
	}
	return value, nil
}

// matches tells whether what came has what is expected of it.
func matches(expected, actual any) bool {
	switch expected := expected.(type) {
	case []any:
		items, isList := actual.([]any)
		return (isList || actual == nil) && slices.EqualFunc(expected, items, matches)
	case map[string]any:
		fields, isMapping := actual.(map[string]any)
		for name := range expected {
			if !matches(expected[name], fields[name]) {
				return false
			}
		}
		return isMapping || actual == nil
	case string:
		text, isString := actual.(string)
		if len(expected) > 1 && strings.HasPrefix(expected, "/") && strings.HasSuffix(expected, "/") {
			pattern, err := regexp.Compile(expected[1 : len(expected)-1])
			return err == nil && (isString || actual == nil) && pattern.MatchString(text)
		}
		return (isString || actual == nil) && text == expected
	}
	return actual == expected || actual == nil && reflect.ValueOf(expected).IsZero()
}

// valueAt is what value has at a path such as role.slug or roles.0.slug, as text.
func valueAt(value any, path string) string {
	for name := range strings.SplitSeq(path, ".") {
		switch container := value.(type) {
		case map[string]any:
			value = container[name]
		case []any:
			value = nil
			if index, err := strconv.Atoi(name); err == nil && index >= 0 && index < len(container) {
				value = container[index]
			}
		default:
			value = nil
		}
	}
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	return string(toJSON(value))
}

func toJSON(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // values of JSON do not cause it
	}
	return bytes.TrimSpace(text.Bytes())
}

func fromJSON(text []byte) any {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		panic(err) // what toJSON wrote does not cause it
	}
	return value
}

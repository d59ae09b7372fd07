package orgroles.conformance;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** One file's calls, in turn, with the variables that they keep. */
final class Conversation {
  /** A file of cases. */
  record Case(List<Step> steps) {}

  /** A step of a file; without {@code as}, {@code within} or {@code error}, that is null. */
  record Step(
      String call,
      JsonObject with,
      String as,
      Integer times,
      Integer within,
      JsonElement answer,
      JsonObject error,
      Map<String, String> keep) {
    Step {
      with = Objects.requireNonNullElseGet(with, JsonObject::new);
      times = Objects.requireNonNullElse(times, 1);
      answer = Objects.requireNonNullElseGet(answer, JsonObject::new);
      keep = Objects.requireNonNullElse(keep, Map.of());
    }
  }

  private static final Pattern VARIABLE = Pattern.compile("\\$\\{(\\w+)\\}");

  private final Caller caller;
  private final String token;
  private final Map<String, String> variables = new HashMap<>();

  Conversation(Caller caller, String token, Map<String, String> given) {
    this.caller = caller;
    this.token = token;
    variables.put("run", UUID.randomUUID().toString().substring(0, 8));
    variables.put("uuid", UUID.randomUUID().toString());
    variables.putAll(given);
  }

  /** What is wrong with the step or with what came, if anything is. */
  Optional<String> hold(Step step) {
    try {
      return tryHold(step);
    } catch (IllegalArgumentException | InvalidProtocolBufferException error) {
      return Optional.of(String.valueOf(error.getMessage()));
    }
  }

  private Optional<String> tryHold(Step step) throws InvalidProtocolBufferException {
    var until = step.within() != null;
    var calls = until ? step.within() : step.times();
    Optional<String> fault = Optional.empty();
    for (var n = 1; n <= calls; n++) {
      variables.put("n", String.valueOf(n));
      var outcome = caller.call(step.call(), request(step), token(step));
      fault = fault(step, outcome);
      if (fault.isEmpty()) {
        keep(step, outcome);
      }
      if (fault.isEmpty() == until) {
        break;
      }
    }
    return fault;
  }

  private JsonObject request(Step step) {
    var request = filled(step.with()).getAsJsonObject();
    if (Caller.takesRequestId(step.call()) && !request.has("request_id")) {
      request.addProperty("request_id", UUID.randomUUID().toString());
    }
    return request;
  }

  private String token(Step step) {
    if (step.as() == null) {
      return token;
    }
    return step.as().equals("nobody") ? null : variable(step.as() + "_token");
  }

  private Optional<String> fault(Step step, JsonObject outcome) {
    var expected = new JsonObject();
    if (step.error() == null) {
      expected.add("answer", filled(step.answer()));
    } else {
      var error = filled(step.error()).getAsJsonObject();
      error.addProperty("domain", "orgroles");
      expected.add("error", error);
    }
    if (outcome.keySet().equals(expected.keySet()) && matches(expected, outcome)) {
      return Optional.empty();
    }
    return Optional.of("expected: %s\nactual: %s".formatted(expected, outcome));
  }

  private void keep(Step step, JsonObject outcome) {
    for (var kept : step.keep().entrySet()) {
      var value = outcome.get("answer");
      for (var part : kept.getValue().split("\\.")) {
        value = value instanceof JsonObject object ? object.get(part) : null;
      }
      if (value == null) {
        throw new IllegalArgumentException(
            "there is nothing to keep at %s in %s".formatted(kept.getValue(), outcome));
      }
      variables.put(kept.getKey(), value.getAsString());
    }
  }

  private JsonElement filled(JsonElement value) {
    if (value instanceof JsonObject object) {
      var copy = new JsonObject();
      object.asMap().forEach((name, field) -> copy.add(name, filled(field)));
      return copy;
    }
    if (value instanceof JsonArray array) {
      var copy = new JsonArray();
      array.forEach(item -> copy.add(filled(item)));
      return copy;
    }
    if (!isString(value)) {
      return value;
    }
    return new JsonPrimitive(
        VARIABLE
            .matcher(value.getAsString())
            .replaceAll(found -> Matcher.quoteReplacement(variable(found.group(1)))));
  }

  private String variable(String name) {
    var value = variables.get(name);
    if (value == null) {
      throw new IllegalArgumentException("there is no variable " + name);
    }
    return value;
  }

  /**
   * Whether what came has what is expected of it.
   *
   * @param given null where it is absent
   */
  static boolean matches(JsonElement expected, JsonElement given) {
    var actual = given == null ? absent(expected) : given;
    if (expected instanceof JsonObject object) {
      return actual instanceof JsonObject fields
          && object.entrySet().stream()
              .allMatch(field -> matches(field.getValue(), fields.get(field.getKey())));
    }
    if (expected instanceof JsonArray array) {
      return actual instanceof JsonArray items
          && items.size() == array.size()
          && IntStream.range(0, array.size())
              .allMatch(index -> matches(array.get(index), items.get(index)));
    }
    if (isString(expected) && expected.getAsString().matches("(?s)/.*/")) {
      var text = expected.getAsString();
      var pattern = Pattern.compile(text.substring(1, text.length() - 1));
      return isString(actual) && pattern.matcher(actual.getAsString()).find();
    }
    return expected.equals(actual);
  }

  private static JsonElement absent(JsonElement like) {
    if (like instanceof JsonPrimitive primitive && primitive.isNumber()) {
      return new JsonPrimitive(0);
    }
    if (like instanceof JsonPrimitive) {
      return isString(like) ? new JsonPrimitive("") : new JsonPrimitive(false);
    }
    return like instanceof JsonArray ? new JsonArray() : new JsonObject();
  }

  private static boolean isString(JsonElement value) {
    return value instanceof JsonPrimitive primitive && primitive.isString();
  }
}

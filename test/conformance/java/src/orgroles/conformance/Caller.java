package orgroles.conformance;

import static java.util.stream.Collectors.toMap;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.BadRequest.FieldViolation;
import com.google.rpc.ErrorDetailsProto;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.QuotaFailure;
import com.google.rpc.RetryInfo;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import orgroles.v1.AccessServiceGrpc;
import orgroles.v1.EnvironmentServiceGrpc;
import orgroles.v1.EventServiceGrpc;
import orgroles.v1.MembershipServiceGrpc;
import orgroles.v1.PermissionServiceGrpc;
import orgroles.v1.RoleServiceGrpc;

/** Calls by name, with requests and answers as JSON in the names of the proto files. */
final class Caller {
  /** An error as the cases write it. */
  private record Failure(
      String code,
      String message,
      String domain,
      String reason,
      Map<String, String> metadata,
      List<String> fields,
      List<String> preconditions,
      List<String> quotas,
      boolean retry) {}

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private static final Map<String, MethodDescriptor<?, ?>> METHODS =
      Stream.of(
              AccessServiceGrpc.getServiceDescriptor(),
              EnvironmentServiceGrpc.getServiceDescriptor(),
              EventServiceGrpc.getServiceDescriptor(),
              MembershipServiceGrpc.getServiceDescriptor(),
              PermissionServiceGrpc.getServiceDescriptor(),
              RoleServiceGrpc.getServiceDescriptor())
          .flatMap(service -> service.getMethods().stream())
          .collect(toMap(MethodDescriptor::getFullMethodName, Function.identity()));

  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer()
          .preservingProtoFieldNames()
          .usingTypeRegistry(
              TypeRegistry.newBuilder()
                  .add(ErrorDetailsProto.getDescriptor().getMessageTypes())
                  .build());

  /** A call is made so often whose connection breaks amid the answer, when gRPC never retries. */
  private static final int ATTEMPTS = 6;

  private final Channel channel;
  private final int attempts;

  Caller(Channel channel, boolean retries) {
    this.channel = channel;
    this.attempts = retries ? ATTEMPTS : 1;
  }

  /**
   * Makes a call.
   *
   * @param token who calls; null: nobody
   * @return {@code {"answer": …}}, or {@code {"error": …}} as the cases write it
   */
  JsonObject call(String name, JsonObject request, String token)
      throws InvalidProtocolBufferException {
    var method = find(name);
    var message = requestType(method).newBuilderForType();
    JsonFormat.parser().merge(request.toString(), message);
    var headers = new Metadata();
    if (token != null) {
      headers.put(AUTHORIZATION, "Bearer " + token);
    }
    var authorized =
        ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers));
    var outcome = new JsonObject();
    for (var attempt = 1; outcome.isEmpty(); attempt++) {
      try {
        var answer = answer(authorized, method, message.build());
        outcome.add("answer", JsonParser.parseString(PRINTER.print(answer)));
      } catch (StatusRuntimeException error) {
        if (attempt == attempts || !isCutOff(error)) {
          outcome.add("error", read(error));
        }
      }
    }
    return outcome;
  }

  /** Returns the answer, or the first message of a stream, which then ends. */
  private static Message answer(
      Channel channel, MethodDescriptor<Message, Message> method, Message message) {
    if (method.getType() == MethodDescriptor.MethodType.UNARY) {
      return ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, message);
    }
    var context = Context.current().withCancellation();
    var previous = context.attach();
    try {
      return ClientCalls.blockingServerStreamingCall(channel, method, CallOptions.DEFAULT, message)
          .next();
    } finally {
      context.detach(previous);
      context.cancel(null);
    }
  }

  private static boolean isCutOff(StatusRuntimeException error) {
    return error.getStatus().getCode() == Status.Code.UNAVAILABLE
        && StatusProto.fromThrowable(error).getDetailsCount() == 0;
  }

  /** Whether requests of this call have a request id. */
  static boolean takesRequestId(String name) {
    return requestType(find(name)).getDescriptorForType().findFieldByName("request_id") != null;
  }

  @SuppressWarnings("unchecked") // generated methods are of messages
  private static MethodDescriptor<Message, Message> find(String name) {
    var method = METHODS.get("orgroles.v1." + name);
    if (method == null) {
      throw new IllegalArgumentException("there is no call " + name);
    }
    return (MethodDescriptor<Message, Message>) method;
  }

  private static Message requestType(MethodDescriptor<Message, Message> method) {
    return ((PrototypeMarshaller<Message>) method.getRequestMarshaller()).getMessagePrototype();
  }

  private static JsonElement read(StatusRuntimeException error)
      throws InvalidProtocolBufferException {
    var details = StatusProto.fromThrowable(error).getDetailsList();
    var info = detail(details, ErrorInfo.getDefaultInstance());
    var request = detail(details, BadRequest.getDefaultInstance());
    var precondition = detail(details, PreconditionFailure.getDefaultInstance());
    var quota = detail(details, QuotaFailure.getDefaultInstance());
    return new Gson()
        .toJsonTree(
            new Failure(
                error.getStatus().getCode().name(),
                error.getStatus().getDescription(),
                info.getDomain(),
                info.getReason(),
                info.getMetadataMap(),
                request.getFieldViolationsList().stream().map(FieldViolation::getField).toList(),
                precondition.getViolationsList().stream().map(v -> v.getSubject()).toList(),
                quota.getViolationsList().stream().map(v -> v.getSubject()).toList(),
                details.stream().anyMatch(detail -> detail.is(RetryInfo.class))));
  }

  private static <T extends Message> T detail(List<Any> details, T absent)
      throws InvalidProtocolBufferException {
    for (var detail : details) {
      if (detail.isSameTypeAs(absent)) {
        return detail.unpackSameTypeAs(absent);
      }
    }
    return absent;
  }
}

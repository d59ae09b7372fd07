package orgroles.conformance;

import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.schema.CoreSchema;
import orgroles.conformance.Conversation.Case;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Holds the conversations of files with a server. test/conformance/README.md specifies it. */
@Command(name = "runner", sortOptions = false)
public final class Runner implements Callable<Integer> {
  private record NamedCase(String name, Case content) {}

  @Spec private CommandSpec spec;

  @Option(names = "--token", description = "sent as `authorization: Bearer TOKEN`")
  private String token;

  @Option(names = "--ca-file", description = "TLS, with this authority (PEM)")
  private File authority;

  @Option(names = "--tls", description = "TLS, with the authorities of the system")
  private boolean tls;

  @Option(
      names = "--variable",
      paramLabel = "NAME=VALUE",
      description = "for the cases, any number of times")
  private Map<String, String> variables = Map.of();

  @Option(names = "--service-config", description = "gRPC service config")
  private Path serviceConfig = Path.of("proto/orgroles/v1/service_config_with_request_ids.json");

  @Option(names = "--no-retries", description = "no retries by gRPC itself")
  private boolean noRetries;

  @Parameters(index = "0", paramLabel = "ADDRESS")
  private String address;

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "CASE")
  private List<Path> files;

  /**
   * Ends with 0 if all steps passed, with 1 if one failed, with 2 if it was called the wrong way.
   */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Runner()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException {
    var cases = new ArrayList<NamedCase>();
    ManagedChannel channel;
    try {
      for (var file : files) {
        cases.add(read(file));
      }
      channel = open();
    } catch (IOException | RuntimeException error) {
      throw new ParameterException(spec.commandLine(), error.toString(), error);
    }
    try {
      return hold(cases, new Caller(channel, !noRetries)) ? 0 : 1;
    } finally {
      channel.shutdownNow();
    }
  }

  private static NamedCase read(Path file) throws IOException {
    var settings = LoadSettings.builder().setSchema(new CoreSchema()).build();
    var gson = new Gson();
    var content = gson.toJsonTree(new Load(settings).loadFromString(Files.readString(file)));
    var name = file.getFileName().toString().replaceFirst("\\.ya?ml$", "");
    return new NamedCase(name, gson.fromJson(content, Case.class));
  }

  private ManagedChannel open() throws IOException {
    var type = new TypeToken<Map<String, ?>>() {};
    var config = new Gson().fromJson(Files.readString(serviceConfig), type);
    var builder = Grpc.newChannelBuilder(address, credentials()).defaultServiceConfig(config);
    if (noRetries) {
      builder.disableRetry();
    }
    return builder.build();
  }

  private ChannelCredentials credentials() throws IOException {
    if (authority != null) {
      return TlsChannelCredentials.newBuilder().trustManager(authority).build();
    }
    return tls ? TlsChannelCredentials.create() : InsecureChannelCredentials.create();
  }

  private boolean hold(List<NamedCase> cases, Caller caller) throws IOException {
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    var passed = 0;
    var failed = 0;
    for (var each : cases) {
      var conversation = new Conversation(caller, token, variables);
      var number = 0;
      for (var step : each.content().steps()) {
        number++;
        var fault = conversation.hold(step);
        var result = fault.isEmpty() ? "ok" : "not ok";
        out.printf("%s %s %d %s%n", result, each.name(), number, step.call());
        if (fault.isEmpty()) {
          passed++;
          continue;
        }
        out.println(fault.get().indent(2).stripTrailing());
        failed++;
        break;
      }
    }
    out.printf("%d passed, %d failed%n", passed, failed);
    return failed == 0;
  }
}

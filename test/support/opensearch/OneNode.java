import java.io.IOException;
import java.lang.reflect.Constructor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.opensearch.Version;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.PluginInfo;

/**
 * One real OpenSearch node: java OneNode FOLDER HTTP_PORT TRANSPORT_PORT [setting=value …]. Compiled against 2.x, it runs with the jars of 3.x as well. It
 * prints "ready" and lives until its standard input ends, so that it never outlives who started it.
 */
public final class OneNode extends Node {
  /** What the archives that users download have built in, by the name of the class in 2.x or in 3.x. */
  private static final List<String> PLUGINS = List.of(
      "org.opensearch.transport.Netty4ModulePlugin",
      "org.opensearch.transport.Netty4Plugin",
      "org.opensearch.analysis.common.CommonAnalysisModulePlugin",
      "org.opensearch.analysis.common.CommonAnalysisPlugin",
      "org.opensearch.index.reindex.ReindexModulePlugin",
      "org.opensearch.index.reindex.ReindexPlugin",
      "org.opensearch.join.ParentJoinModulePlugin",
      "org.opensearch.join.ParentJoinPlugin",
      "org.opensearch.painless.PainlessModulePlugin",
      "org.opensearch.painless.PainlessPlugin",
      "org.opensearch.index.mapper.MapperExtrasModulePlugin",
      "org.opensearch.index.mapper.MapperExtrasPlugin");

  @SuppressWarnings({"unchecked", "rawtypes"})
  private OneNode(Settings settings, Path config, Collection plugins) {
    super(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), config, () -> "node"), plugins, true);
  }

  public static void main(String[] words) throws Exception {
    Path folder = Path.of(words[0]).toAbsolutePath();
    Path config = Files.createDirectories(folder.resolve("config"));
    Files.createDirectories(folder.resolve("logs"));
    Settings.Builder settings = Settings.builder()
        .put("path.home", folder.toString())
        .put("path.data", folder.resolve("data").toString())
        .put("path.logs", folder.resolve("logs").toString())
        .put("cluster.name", "walcast-test")
        .put("node.name", "node")
        .put("network.host", "127.0.0.1")
        .put("http.port", words[1])
        .put("transport.port", words[2])
        .put("discovery.type", "single-node")
        .put("bootstrap.memory_lock", false);
    for (int i = 3; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      settings.put(words[i].substring(0, equals), words[i].substring(equals + 1));
    }
    OneNode node = new OneNode(settings.build(), config, plugins());
    node.start();
    System.out.println("ready");
    System.out.flush();
    waitForTheEnd();
    node.close();
    System.exit(0);
  }

  private static void waitForTheEnd() throws IOException {
    while (System.in.read() >= 0) {}
  }

  /** Classes in 2.x; in 3.x the same wrapped into a description. */
  private static Collection<Object> plugins() throws Exception {
    boolean described = wantsDescriptions();
    Collection<Object> found = new ArrayList<>();
    for (String name : PLUGINS) {
      Class<? extends Plugin> plugin;
      try {
        plugin = Class.forName(name).asSubclass(Plugin.class);
      } catch (ClassNotFoundException otherLine) {
        continue;
      }
      found.add(described
          ? new PluginInfo(name, "on the class path", "NA", Version.CURRENT, "17", name, null, List.of(), false)
          : plugin);
    }
    return found;
  }

  private static boolean wantsDescriptions() {
    for (Constructor<?> each : Node.class.getDeclaredConstructors()) {
      if (each.getParameterCount() == 3 && each.getGenericParameterTypes()[1].getTypeName().contains("PluginInfo")) return true;
    }
    return false;
  }
}

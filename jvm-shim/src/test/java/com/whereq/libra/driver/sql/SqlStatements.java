package com.whereq.libra.driver.sql;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** A real Spark with the extensions, and folders that it may and may not use. */
final class SqlStatements implements AutoCloseable {
  static final String SECRET = "TOP SECRET";

  final Path outside;
  final Path allowed;
  final SparkSession spark;

  SqlStatements(Path folder, Set<SqlSwitch> open) throws IOException {
    outside = Files.createDirectories(folder.toRealPath().resolve("outside"));
    allowed = Files.createDirectories(outside.resolve("allowed"));
    Files.writeString(outside.resolve("secret.txt"), SECRET + "\n");
    Files.writeString(allowed.resolve("a.txt"), "hello\n");
    Files.createSymbolicLink(allowed.resolve("leak"), outside);
    Files.createSymbolicLink(allowed.resolve("leak.txt"), outside.resolve("secret.txt"));
    Files.createSymbolicLink(allowed.resolve("inside.txt"), allowed.resolve("a.txt"));
    Files.createSymbolicLink(allowed.resolve("dangling"), outside.resolve("nowhere"));
    Path mixed = Files.createDirectories(allowed.resolve("folder-with-link"));
    Files.createSymbolicLink(mixed.resolve("x.txt"), outside.resolve("secret.txt"));

    SparkSession.Builder builder =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.warehouse.dir", folder.resolve("warehouse").toString())
            .config("spark.hadoop.fs.s3a.secret.key", SECRET)
            .config("spark.sql.extensions", LibraSparkExtensions.class.getName());
    SqlPolicy.toConf(open, List.of(allowed.toString())).forEach(builder::config);
    spark = builder.getOrCreate();
  }

  /** The statements of a resource, one a line. */
  static List<String> of(String resource) {
    try (InputStream in = SqlStatements.class.getResourceAsStream("/sql/" + resource)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("--"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String fill(String statement) {
    return statement
        .replace("{outside}", outside.toString())
        .replace("{allowed}", allowed.toString());
  }

  List<Row> run(String statement) {
    return spark.sql(fill(statement)).collectAsList();
  }

  List<String> filesOutside() throws IOException {
    try (Stream<Path> files = Files.walk(outside)) {
      return files.map(Path::toString).sorted().toList();
    }
  }

  @Override
  public void close() {
    spark.stop();
    SparkSession.clearActiveSession();
    SparkSession.clearDefaultSession();
  }
}

package com.whereq.libra.driver.jar;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Classes that a test writes down, compiled. */
final class Compiled {
  private Compiled() {}

  /** The class files by their names inside a jar. */
  static Map<String, byte[]> classes(Path folder, String name, String source) throws IOException {
    Path out = Files.createTempDirectory(folder, "classes");
    var compiler = ToolProvider.getSystemJavaCompiler();
    var file =
        new SimpleJavaFileObject(
            URI.create("string:///" + name.replace('.', '/') + ".java"),
            JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignore) {
            return source;
          }
        };
    StringBuilder faults = new StringBuilder();
    boolean done =
        compiler
            .getTask(
                null,
                null,
                fault -> faults.append(fault).append('\n'),
                List.of(
                    "-proc:none",
                    "-d",
                    out.toString(),
                    "-cp",
                    System.getProperty("java.class.path")),
                null,
                List.of(file))
            .call();
    if (!done) {
      throw new IllegalArgumentException(faults.toString());
    }
    Map<String, byte[]> classes = new TreeMap<>();
    try (Stream<Path> all = Files.walk(out)) {
      for (Path each : all.filter(Files::isRegularFile).toList()) {
        classes.put(out.relativize(each).toString(), Files.readAllBytes(each));
      }
    }
    return classes;
  }

  static Path jar(Path file, Map<String, byte[]> entries) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue());
        zip.closeEntry();
      }
    }
    return file;
  }
}

package com.whereq.libra.driver.jar;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies a jar with each of its classes rewritten, those of other Java versions among them.
 * Signatures no longer hold and are left out. Of entries with the same name the one stays that Java
 * itself would find.
 */
final class JarRewriter {
  private static final Logger LOG = LoggerFactory.getLogger(JarRewriter.class);
  private static final String CLASS = ".class";
  private static final String META = "META-INF/";
  private static final List<String> SIGNATURES = List.of(".SF", ".RSA", ".DSA", ".EC");
  private static final int MAX_CLASS_BYTES = 64 << 20;

  private JarRewriter() {}

  static RewrittenJar rewrite(String hash, Path jar, Path target) throws IOException {
    Path part = Files.createTempFile(target.getParent(), "rewriting-", ".jar");
    try (ZipFile zip = new ZipFile(jar.toFile());
        OutputStream out = new BufferedOutputStream(Files.newOutputStream(part), 1 << 16);
        ZipOutputStream to = new ZipOutputStream(out)) {
      // It is read from the local disk again and again, and sent to executors once.
      to.setLevel(Deflater.BEST_SPEED);
      Manifest manifest = manifestOf(zip);
      String mainClass = null;
      String classPath = null;
      if (manifest != null) {
        mainClass = manifest.getMainAttributes().getValue(Attributes.Name.MAIN_CLASS);
        classPath = manifest.getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
        put(to, manifest);
      }
      copy(zip, to);
      to.finish();
      to.close();
      Files.move(part, target);
      return new RewrittenJar(hash, target, mainClass, classPath);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static void copy(ZipFile zip, ZipOutputStream to) throws IOException {
    Set<String> done = new HashSet<>();
    var entries = zip.entries();
    while (entries.hasMoreElements()) {
      String name = entries.nextElement().getName();
      if (!done.add(name) || isSignature(name) || name.equalsIgnoreCase(JarFile.MANIFEST_NAME)) {
        continue;
      }
      ZipEntry entry = zip.getEntry(name);
      ZipEntry copy = new ZipEntry(name);
      copy.setTime(0);
      to.putNextEntry(copy);
      if (!entry.isDirectory()) {
        try (InputStream in = zip.getInputStream(entry)) {
          if (name.endsWith(CLASS)) {
            to.write(rewritten(name, in));
          } else {
            in.transferTo(to);
          }
        }
      }
      to.closeEntry();
    }
  }

  private static byte[] rewritten(String name, InputStream in) throws IOException {
    byte[] original = in.readNBytes(MAX_CLASS_BYTES + 1);
    if (original.length > MAX_CLASS_BYTES) {
      throw new IOException("the class " + name + " has more than 64 MiB");
    }
    if (name.endsWith("module-info.class")) {
      return original;
    }
    try {
      return ClassRewriter.rewrite(original);
    } catch (RuntimeException e) {
      // What cannot be read here is no class for the JVM either.
      LOG.warn("The class {} of a program is left as it is: {}", name, e.toString());
      return original;
    }
  }

  private static boolean isSignature(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    return upper.startsWith(META)
        && upper.indexOf('/', META.length()) < 0
        && (SIGNATURES.stream().anyMatch(upper::endsWith)
            || upper.startsWith(META + "SIG-")
            || upper.equals(META + "INDEX.LIST"));
  }

  private static Manifest manifestOf(ZipFile zip) throws IOException {
    var entries = zip.entries();
    while (entries.hasMoreElements()) {
      ZipEntry entry = entries.nextElement();
      if (entry.getName().equalsIgnoreCase(JarFile.MANIFEST_NAME)) {
        try (InputStream in = zip.getInputStream(entry)) {
          return new Manifest(in);
        }
      }
    }
    return null;
  }

  /**
   * First, as Java wants it; without digests, and without a path that leads elsewhere from here.
   */
  private static void put(ZipOutputStream to, Manifest manifest) throws IOException {
    manifest.getMainAttributes().remove(Attributes.Name.CLASS_PATH);
    manifest
        .getEntries()
        .values()
        .removeIf(
            attributes -> {
              attributes
                  .keySet()
                  .removeIf(key -> key.toString().toUpperCase(Locale.ROOT).contains("-DIGEST"));
              return attributes.isEmpty();
            });
    ZipEntry entry = new ZipEntry(JarFile.MANIFEST_NAME);
    entry.setTime(0);
    to.putNextEntry(entry);
    manifest.write(to);
    to.closeEntry();
  }
}

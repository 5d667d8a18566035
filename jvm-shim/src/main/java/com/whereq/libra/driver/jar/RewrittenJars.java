package com.whereq.libra.driver.jar;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The rewritten jars of a driver, in a folder of its own. A jar that looks as it did is not read
 * again: who writes to a file changes the times that the system keeps of it.
 */
final class RewrittenJars {
  private static final int MAX_KNOWN = 1000;

  /** A file that was written to a moment ago may be written to again within the same tick. */
  private static final long SETTLED_MILLIS = 2_000;

  private record Look(long size, Object changed, Object inode, Object device) {}

  private record Known(Look look, String hash) {}

  private final Path folder;
  private final Map<Path, Known> known =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Path, Known> eldest) {
          return size() > MAX_KNOWN;
        }
      };
  private final Map<String, RewrittenJar> byHash = new LinkedHashMap<>();

  RewrittenJars(Path folder) {
    this.folder = folder;
  }

  /** The hash of a jar that has not changed since it was last asked for; else null. */
  synchronized RewrittenJar unchanged(Path jar) throws IOException {
    Known last = known.get(jar);
    return last != null && last.look.equals(look(jar)) ? byHash.get(last.hash) : null;
  }

  /** Reads the jar and rewrites it, unless that has been done with the same content. */
  synchronized RewrittenJar of(Path jar) throws IOException {
    RewrittenJar same = unchanged(jar);
    if (same != null) {
      return same;
    }
    Files.createDirectories(folder);
    Look before = look(jar);
    // A copy: whoever writes to the jar meanwhile changes neither its hash nor what is rewritten.
    Path copy = Files.createTempFile(folder, "reading-", ".jar");
    try {
      String hash = copy(jar, copy);
      RewrittenJar rewritten = byHash.get(hash);
      if (rewritten == null) {
        Path target = folder.resolve(hash + "-" + ClassRewriter.VERSION + ".jar");
        Files.deleteIfExists(target);
        rewritten = JarRewriter.rewrite(hash, copy, target);
        byHash.put(hash, rewritten);
      }
      if (isSettled(jar) && before.equals(look(jar))) {
        known.put(jar, new Known(before, hash));
      } else {
        known.remove(jar);
      }
      return rewritten;
    } finally {
      Files.deleteIfExists(copy);
    }
  }

  /** Nobody uses it any more. */
  synchronized void remove(RewrittenJar jar) throws IOException {
    byHash.remove(jar.hash());
    Files.deleteIfExists(jar.file());
  }

  private static String copy(Path from, Path to) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream in = Files.newInputStream(from);
        OutputStream out = new DigestOutputStream(Files.newOutputStream(to), digest)) {
      in.transferTo(out);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static Look look(Path jar) throws IOException {
    if (jar.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      Map<String, Object> all = Files.readAttributes(jar, "unix:size,ctime,ino,dev");
      return new Look((Long) all.get("size"), all.get("ctime"), all.get("ino"), all.get("dev"));
    }
    BasicFileAttributes all = Files.readAttributes(jar, BasicFileAttributes.class);
    return new Look(all.size(), all.lastModifiedTime(), all.fileKey(), null);
  }

  private static boolean isSettled(Path jar) throws IOException {
    return System.currentTimeMillis() - Files.getLastModifiedTime(jar).toMillis() > SETTLED_MILLIS;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }
}

package com.whereq.libra.driver.sql;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.HarFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.viewfs.ViewFileSystem;

/** Tells whether SQL may touch a path: everything remote, and locally the allowed roots alone. */
final class PathGuard {
  /** What a relative path is relative to. */
  enum Base {
    WORKING_DIRECTORY,
    /** Spark itself puts it below the location of the database, which was checked when made. */
    DATABASE
  }

  /** Reached from the server they show what the client cannot see: cloud metadata, loopback. */
  private static final Set<String> WEB_SCHEMES = Set.of("http", "https", "ftp", "sftp");

  private final SqlPolicy policy;
  private final Configuration hadoop;
  private final Supplier<String> warehouse;

  PathGuard(SqlPolicy policy, Configuration hadoop, Supplier<String> warehouse) {
    this.policy = policy;
    this.hadoop = hadoop;
    this.warehouse = warehouse;
  }

  void check(String text, Base base) {
    Path path;
    try {
      path = new Path(text);
    } catch (IllegalArgumentException notAPath) {
      return; // Spark reads it the same way and says what is wrong with it.
    }
    check(path, base);
  }

  void check(Path path, Base base) {
    if (policy.allows(SqlSwitch.LOCAL_PATHS)) {
      return;
    }
    String scheme = path.toUri().getScheme();
    if (scheme == null) {
      if (base == Base.DATABASE && !path.isAbsolute() && !climbs(path)) {
        return;
      }
      scheme = FileSystem.getDefaultUri(hadoop).getScheme();
    }
    if (WEB_SCHEMES.contains(scheme.toLowerCase(Locale.ROOT))) {
      throw new SqlRefusedException(
          "The server does not fetch " + scheme + " addresses for SQL.", SqlSwitch.LOCAL_PATHS);
    }
    Class<?> fileSystem = fileSystemOf(scheme);
    if (fileSystem == null || !isLocal(fileSystem)) {
      return;
    }
    if (!scheme.equalsIgnoreCase("file")) {
      // har:, viewfs: and the like can lead to any local file by another name.
      throw refusal(path);
    }
    checkLocal(path);
  }

  /** Where a local path really is, links resolved, though its last parts may not exist yet. */
  void checkReal(String localPath) {
    if (!isAllowed(java.nio.file.Path.of(localPath))) {
      throw refusal(new Path(localPath));
    }
  }

  private void checkLocal(Path path) {
    String local = path.toUri().getPath();
    if (!path.isUriPathAbsolute()) {
      local = java.nio.file.Path.of(System.getProperty("user.dir"), local).toString();
    }
    if (climbs(path)) {
      throw refusal(path);
    }
    int glob = firstGlob(local);
    if (glob < 0) {
      if (!isAllowed(java.nio.file.Path.of(local))) {
        throw refusal(path);
      }
      return;
    }
    String fixed = local.substring(0, local.lastIndexOf('/', glob) + 1);
    if (local.contains("..") || !isAllowed(java.nio.file.Path.of(fixed))) {
      throw refusal(path);
    }
    for (FileStatus match : matches(local)) {
      if (!isAllowed(java.nio.file.Path.of(match.getPath().toUri().getPath()))) {
        throw refusal(path);
      }
    }
  }

  private FileStatus[] matches(String glob) {
    try {
      FileStatus[] found = FileSystem.getLocal(hadoop).globStatus(new Path(glob));
      return found == null ? new FileStatus[0] : found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean isAllowed(java.nio.file.Path path) {
    java.nio.file.Path real = real(path);
    if (real.startsWith(real(java.nio.file.Path.of(new Path(warehouse.get()).toUri().getPath())))
        && !isRemote(warehouse.get())) {
      return true;
    }
    for (String root : policy.allowedRoots()) {
      if (real.startsWith(real(java.nio.file.Path.of(root)))) {
        return true;
      }
    }
    return false;
  }

  private boolean isRemote(String text) {
    String scheme = new Path(text).toUri().getScheme();
    Class<?> fileSystem = scheme == null ? null : fileSystemOf(scheme);
    return fileSystem != null && !isLocal(fileSystem);
  }

  private static java.nio.file.Path real(java.nio.file.Path path) {
    java.nio.file.Path existing = path.toAbsolutePath().normalize();
    java.nio.file.Path rest = java.nio.file.Path.of("");
    while (existing.getParent() != null && !Files.exists(existing)) {
      if (Files.isSymbolicLink(existing)) {
        // A dangling link: whoever writes through it makes its target.
        return target(existing).resolve(rest);
      }
      rest = existing.getFileName().resolve(rest);
      existing = existing.getParent();
    }
    try {
      return existing.toRealPath().resolve(rest).normalize();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static java.nio.file.Path target(java.nio.file.Path link) {
    try {
      return link.resolveSibling(Files.readSymbolicLink(link)).normalize();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Null where Hadoop knows no such scheme; Spark then fails by itself. */
  private Class<?> fileSystemOf(String scheme) {
    try {
      return FileSystem.getFileSystemClass(scheme, hadoop);
    } catch (IOException | RuntimeException unknown) {
      return null;
    }
  }

  private static boolean isLocal(Class<?> fileSystem) {
    return FilterFileSystem.class.isAssignableFrom(fileSystem)
        || HarFileSystem.class.isAssignableFrom(fileSystem)
        || RawLocalFileSystem.class.isAssignableFrom(fileSystem)
        || ViewFileSystem.class.isAssignableFrom(fileSystem);
  }

  /** Hadoop has resolved every `..` that it could; one that is left leads out. */
  private static boolean climbs(Path path) {
    for (String part : path.toUri().getPath().split("/")) {
      if (part.equals("..")) {
        return true;
      }
    }
    return false;
  }

  private static int firstGlob(String path) {
    for (int i = 0; i < path.length(); i++) {
      if ("{}[]*?\\".indexOf(path.charAt(i)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private static SqlRefusedException refusal(Path path) {
    return new SqlRefusedException(
        "The local path " + path + " is outside the folders that SQL may use.",
        "A folder in `libra.files.allowed-roots`, or `"
            + SqlSwitch.LOCAL_PATHS.setting()
            + ": true` in the server's configuration, would allow it.");
  }
}

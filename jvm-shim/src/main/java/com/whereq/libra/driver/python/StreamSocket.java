package com.whereq.libra.driver.python;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where interpreters connect to: each three times, and says first who it is and which of its
 * streams this is. The folder is the driver's alone.
 */
final class StreamSocket {
  private static final Logger LOG = LoggerFactory.getLogger(StreamSocket.class);
  private static final int MAX_GREETING = 100;

  /** The kernel's limit for the path of a socket is 108 bytes, with its end; macOS has 104. */
  private static final int MAX_PATH = 100;

  private final ServerSocketChannel server;
  private final Path path;
  private final Path ownFolder;
  private final Function<String, Interpreter> interpreterOf;

  private StreamSocket(
      ServerSocketChannel server,
      Path path,
      Path ownFolder,
      Function<String, Interpreter> interpreterOf) {
    this.server = server;
    this.path = path;
    this.ownFolder = ownFolder;
    this.interpreterOf = interpreterOf;
  }

  static StreamSocket open(Path folder, Function<String, Interpreter> interpreterOf)
      throws IOException {
    Path path = folder.resolve("streams").toAbsolutePath();
    Path ownFolder = null;
    if (path.toString().getBytes(StandardCharsets.UTF_8).length > MAX_PATH) {
      ownFolder = Files.createTempDirectory(Path.of("/tmp"), "libra-python-");
      path = ownFolder.resolve("streams");
    }
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    StreamSocket socket = new StreamSocket(server, path, ownFolder, interpreterOf);
    Thread thread = new Thread(socket::accept, "libra-python-streams");
    thread.setDaemon(true);
    thread.start();
    return socket;
  }

  Path path() {
    return path;
  }

  void close() {
    try {
      server.close();
      Files.deleteIfExists(path);
      if (ownFolder != null) {
        Files.deleteIfExists(ownFolder);
      }
    } catch (IOException e) {
      LOG.debug("The socket of the interpreters: {}", e.toString());
    }
  }

  private void accept() {
    while (server.isOpen()) {
      try {
        greet(server.accept());
      } catch (IOException e) {
        if (server.isOpen()) {
          LOG.warn("An interpreter could not connect: {}", e.toString());
        }
      }
    }
  }

  private void greet(SocketChannel channel) throws IOException {
    String[] greeting = firstLine(channel).split(" ");
    Interpreter interpreter = greeting.length == 2 ? interpreterOf.apply(greeting[0]) : null;
    if (interpreter == null) {
      channel.close();
    } else {
      interpreter.connected(greeting[1], channel);
    }
  }

  /** Byte by byte: what follows belongs to the stream. It was sent at once, so nobody waits. */
  private static String firstLine(SocketChannel channel) throws IOException {
    StringBuilder line = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (line.length() < MAX_GREETING && channel.read(one.clear()) == 1) {
      char c = (char) one.get(0);
      if (c == '\n') {
        break;
      }
      line.append(c);
    }
    return line.toString();
  }
}

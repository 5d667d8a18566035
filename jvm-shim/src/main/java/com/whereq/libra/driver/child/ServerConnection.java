package com.whereq.libra.driver.child;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One line a message, both ways. */
final class ServerConnection {
  private static final Logger LOG = LoggerFactory.getLogger(ServerConnection.class);
  private static final int BUFFER = 1 << 16;
  private static final byte[] LINE_END = {'\n'};

  private final SocketChannel channel;

  private ServerConnection(SocketChannel channel) {
    this.channel = channel;
  }

  static ServerConnection open(String path, String token) throws IOException {
    ServerConnection connection =
        new ServerConnection(SocketChannel.open(UnixDomainSocketAddress.of(path)));
    connection.write(token.getBytes(StandardCharsets.UTF_8));
    return connection;
  }

  /** Waits while the server does not read. Of one thread at a time. */
  void write(byte[] line) throws IOException {
    ByteBuffer[] parts = {ByteBuffer.wrap(line), ByteBuffer.wrap(LINE_END)};
    while (parts[1].hasRemaining()) {
      channel.write(parts);
    }
  }

  /** Returns when the connection has ended, from whichever side. */
  void readLines(Consumer<String> line) {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8),
            BUFFER)) {
      for (String next = lines.readLine(); next != null; next = lines.readLine()) {
        line.accept(next);
      }
    } catch (IOException e) {
      LOG.debug("The connection with the server broke: {}", e.toString());
    }
  }

  void close() {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("The connection with the server: {}", e.toString());
    }
  }
}

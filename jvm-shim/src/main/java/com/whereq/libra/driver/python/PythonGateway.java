package com.whereq.libra.driver.python;

import com.whereq.libra.driver.launch.Launch;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import py4j.ClientServer;
import py4j.ClientServer.ClientServerBuilder;
import py4j.ClientServerConnection;
import py4j.DefaultGatewayServerListener;
import py4j.GatewayServer;
import py4j.Py4JServerConnection;

/**
 * The way of one interpreter into this JVM, with a port and a secret of its own: closing it is
 * nobody else's affair. Each connection has a thread here.
 */
final class PythonGateway {
  private static final Logger LOG = LoggerFactory.getLogger(PythonGateway.class);
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Field THREAD = threadField();

  private final String secret;
  private final ClientServer server;
  private final List<Thread> threads = new CopyOnWriteArrayList<>();

  PythonGateway(Object entryPoint) {
    byte[] bytes = new byte[32];
    RANDOM.nextBytes(bytes);
    this.secret = HexFormat.of().formatHex(bytes);
    InetAddress loopback = InetAddress.getLoopbackAddress();
    this.server =
        new ClientServerBuilder(entryPoint)
            .authToken(secret)
            .javaPort(0)
            .javaAddress(loopback)
            .pythonPort(0)
            .pythonAddress(loopback)
            .build();
    GatewayServer gateway = (GatewayServer) server.getJavaServer();
    gateway.addListener(
        new DefaultGatewayServerListener() {
          @Override
          public void connectionStarted(Py4JServerConnection connection) {
            remember(connection);
          }
        });
    // Users' classes are looked up by the loader of the thread; connections inherit it.
    Thread current = Thread.currentThread();
    ClassLoader before = current.getContextClassLoader();
    current.setContextClassLoader(Launch.classLoader());
    try {
      server.startServer();
    } finally {
      current.setContextClassLoader(before);
    }
  }

  int port() {
    return server.getJavaServer().getListeningPort();
  }

  String secret() {
    return secret;
  }

  /** Wakes what waits in this JVM for the sake of the interpreter. */
  void interrupt() {
    threads.forEach(Thread::interrupt);
  }

  boolean isQuiet() {
    return threads.stream().noneMatch(Thread::isAlive);
  }

  void close() {
    try {
      server.shutdown();
    } catch (RuntimeException e) {
      LOG.debug("A gateway did not close cleanly", e);
    }
  }

  private void remember(Py4JServerConnection connection) {
    threads.removeIf(thread -> !thread.isAlive());
    if (THREAD != null && connection instanceof ClientServerConnection own) {
      try {
        Thread thread = (Thread) THREAD.get(own);
        if (thread != null) {
          thread.setName("libra-python-" + port() + "-" + thread.getId());
          threads.add(thread);
        }
      } catch (IllegalAccessException e) {
        LOG.debug("The thread of a connection is not known", e);
      }
    }
  }

  /** Py4J tells nobody which thread serves a connection. */
  private static Field threadField() {
    try {
      Field field = ClientServerConnection.class.getDeclaredField("jvmThread");
      field.setAccessible(true);
      return field;
    } catch (NoSuchFieldException | RuntimeException e) {
      LOG.warn("Threads of Python's connections cannot be interrupted: {}", e.toString());
      return null;
    }
  }
}

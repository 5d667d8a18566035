package com.whereq.libra.driver.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class SqlGuardTest {
  @TempDir static Path folder;
  private static SqlStatements sql;

  @BeforeAll
  static void start() throws IOException {
    sql = new SqlStatements(folder, Set.of());
  }

  @AfterAll
  static void stop() {
    sql.close();
  }

  @TestFactory
  Stream<DynamicTest> refuses() {
    return SqlStatements.of("refused.sql").stream()
        .map(line -> DynamicTest.dynamicTest(line, () -> refuses(line)));
  }

  private static void refuses(String line) throws IOException {
    String[] statements = line.split(" ;; ");
    for (int i = 0; i < statements.length - 1; i++) {
      sql.run(statements[i]);
    }
    List<String> before = sql.filesOutside();
    String last = statements[statements.length - 1];
    SqlRefusedException refusal = assertThrows(SqlRefusedException.class, () -> sql.run(last));
    assertTrue(refusal.getMessage().contains(refusal.hint()), refusal.getMessage());
    assertEquals(before, sql.filesOutside());
    assertEquals(1, sql.run("SELECT 1").get(0).getInt(0));
  }

  @TestFactory
  Stream<DynamicTest> doesNotHinder() {
    return SqlStatements.of("allowed.sql").stream()
        .map(line -> DynamicTest.dynamicTest(line, () -> sql.run(line)));
  }

  @Test
  void noSessionCanChangeThePolicy() {
    SparkSession other = sql.spark.newSession();
    other.conf().set(SqlSwitch.REFLECTION.confKey(), "true");
    other.conf().set(SqlPolicy.ALLOWED_ROOTS, "/");
    assertThrows(
        SqlRefusedException.class,
        () -> other.sql("SELECT reflect('java.lang.System', 'exit', 7)").collectAsList());
    assertThrows(
        SqlRefusedException.class,
        () -> other.sql(sql.fill("SELECT * FROM text.`{outside}/secret.txt`")).collectAsList());
  }

  @Test
  void guardsDataFramesAsWell() {
    String secret = sql.outside.resolve("secret.txt").toString();
    assertThrows(SqlRefusedException.class, () -> sql.spark.read().text(secret).collectAsList());
    assertThrows(
        SqlRefusedException.class,
        () -> sql.spark.range(1).write().csv(sql.outside.resolve("new").toString()));
  }

  @Test
  void namesTheSwitchThatWouldAllowIt() {
    SqlRefusedException refusal =
        assertThrows(
            SqlRefusedException.class,
            () -> sql.run("SELECT TRANSFORM (id) USING 'cat' FROM range(3)"));
    assertEquals(
        "TRANSFORM runs a program: refused. `libra.sql.allow-transform: true` in the server's"
            + " configuration would allow it.",
        refusal.getMessage());
  }

  @Test
  void refusesSettingsThatComeWithAJob() {
    SparkConf conf = sql.spark.sparkContext().conf();
    SettingGuard.check(conf, "spark.sql.shuffle.partitions", "3");
    SettingGuard.check(conf, "spark.sql.session.timeZone", "UTC");
    for (String key :
        List.of("spark.libra.sql.allowReflection", "fs.file.impl", "spark.sql.catalog.a")) {
      assertThrows(SqlRefusedException.class, () -> SettingGuard.check(conf, key, "a.B"), key);
    }
    assertThrows(SqlRefusedException.class, () -> SettingGuard.check(conf, "a.b", "${env:PATH}"));
  }
}

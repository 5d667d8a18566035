package com.whereq.libra.driver.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each switch opens its own door and no other. */
class SqlSwitchesTest {
  private static final String REFLECT = "SELECT reflect('java.lang.Integer', 'parseInt', '7')";
  private static final String TRANSFORM =
      "SELECT TRANSFORM (id) USING 'cat' AS (a STRING) FROM range(7, 8)";
  private static final String ADD = "ADD FILE '{outside}/secret.txt'";
  private static final String READ = "SELECT * FROM text.`{outside}/secret.txt`";

  @TempDir Path folder;

  @Test
  void openAll() throws IOException {
    try (SqlStatements sql = new SqlStatements(folder, EnumSet.allOf(SqlSwitch.class))) {
      assertEquals("7", sql.run(REFLECT).get(0).getString(0));
      assertEquals("7", sql.run(TRANSFORM).get(0).getString(0));
      assertEquals(SqlStatements.SECRET, sql.run(READ).get(0).getString(0));
      sql.run(ADD);
      assertEquals(System.getenv("PATH"), sql.run("SELECT '${env:PATH}'").get(0).getString(0));
    }
  }

  @Test
  void openOne() throws IOException {
    try (SqlStatements sql = new SqlStatements(folder, Set.of(SqlSwitch.LOCAL_PATHS))) {
      assertEquals(SqlStatements.SECRET, sql.run(READ).get(0).getString(0));
      for (String closed : new String[] {REFLECT, TRANSFORM, ADD}) {
        assertThrows(SqlRefusedException.class, () -> sql.run(closed), closed);
      }
    }
  }
}

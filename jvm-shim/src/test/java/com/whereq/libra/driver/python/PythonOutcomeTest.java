package com.whereq.libra.driver.python;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.whereq.libra.driver.DriverProtocol.JobError;
import com.whereq.libra.driver.DriverProtocol.Position;
import com.whereq.libra.driver.Json;
import com.whereq.libra.driver.error.JobFailure;
import org.junit.jupiter.api.Test;

class PythonOutcomeTest {
  private static JsonNode word(String json) throws JsonProcessingException {
    return Json.MAPPER.readTree(json);
  }

  private static JobError error(JsonNode word, int status) {
    return assertThrows(JobFailure.class, () -> PythonOutcome.check(word, status)).error();
  }

  @Test
  void isASuccessWithoutAWordAndWithZero() throws JsonProcessingException {
    assertDoesNotThrow(() -> PythonOutcome.check(null, 0));
    assertDoesNotThrow(() -> PythonOutcome.check(word("{\"done\":{}}"), 0));
    assertDoesNotThrow(() -> PythonOutcome.check(word("{\"done\":{\"exit\":0}}"), 0));
  }

  @Test
  void tellsACodeFromASignalAndFromALostProcess() throws JsonProcessingException {
    assertEquals("The program exited with 3", error(null, 3).message());
    assertEquals("PROGRAM_EXITED", error(word("{\"done\":{\"exit\":3}}"), 0).code());
    JobError killed = error(null, -9);
    assertEquals("PROGRAM_DIED", killed.code());
    assertEquals("The process of the program died of SIGKILL", killed.message());
    assertEquals("The process of the program died of signal 31", error(null, -31).message());
    assertEquals("PROGRAM_DIED", error(null, Interpreter.LOST).code());
  }

  @Test
  void prefersAnExceptionToTheCodeThatItEndsWith() throws JsonProcessingException {
    JobError error =
        error(
            word(
                "{\"failed\":{\"headline\":\"E: m\",\"trace\":\"T\",\"position\":null,"
                    + "\"spark\":{\"code\":\"SQL_ANALYSIS\",\"errorClass\":\"C\","
                    + "\"sqlState\":\"42\"}}}"),
            1);
    assertEquals("PROGRAM_FAILED", error.code());
    assertEquals("E: m\n\nT", error.message());
    assertEquals("C", error.errorClass());
    assertEquals("42", error.sqlState());
  }

  @Test
  void placesWhatDoesNotParse() throws JsonProcessingException {
    JobError error =
        error(
            word(
                "{\"done\":{\"failed\":{\"headline\":\"SyntaxError: x\",\"trace\":\"T\","
                    + "\"spark\":null,\"position\":{\"line\":2,\"column\":3,"
                    + "\"fragment\":\"a b\"}}}}"),
            0);
    assertEquals("PROGRAM_SYNTAX", error.code());
    assertEquals(new Position(2, 3, "a b"), error.position());
  }
}

import { makeJar } from './java-jars.ts';
import { sparkHome } from './spark-home.ts';

export const SLEEPING = 'demo.Sleeping';

/** A program whose tasks sleep: slots are shared, whatever the processor has to do besides. */
export const makeSleepingJar = (jar: string): void =>
  makeJar(
    jar,
    {
      [SLEEPING]: `
        public static void main(String[] args) {
          int tasks = Integer.parseInt(args[0]);
          long least = Long.parseLong(args[1]);
          long span = Long.parseLong(args[2]) - least + 1;
          JavaSparkContext sc = new JavaSparkContext(SparkSession.active().sparkContext());
          List<Integer> numbers = IntStream.range(0, tasks).boxed().collect(Collectors.toList());
          System.out.println(String.join(" ", sc.parallelize(numbers, tasks).map(n -> {
            long begin = System.currentTimeMillis();
            Thread.sleep(least + n * 7919L % span);
            return begin + "-" + System.currentTimeMillis();
          }).collect()));
        }`,
    },
    sparkHome(),
    `import java.util.*;
     import java.util.stream.*;
     import org.apache.spark.api.java.*;
     import org.apache.spark.sql.*;`,
  );

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** When each task of the program slept, as it has printed. */
export const tasksOf = (printed: string | null): readonly Span[] =>
  (printed ?? '')
    .trim()
    .split(' ')
    .map((span) => {
      const [from = Number.NaN, to = Number.NaN] = span.split('-').map(Number);
      return { from, to };
    });

/** The time in which all of the programs had tasks to start. */
export const contested = (programs: readonly (readonly Span[])[]): Span => ({
  from: Math.max(...programs.map((tasks) => Math.min(...tasks.map(({ from }) => from)))),
  to: Math.min(...programs.map((tasks) => Math.max(...tasks.map(({ from }) => from)))),
});

/** The part that each program had in all task time of the window. */
export const sharesIn = (
  window: Span,
  programs: readonly (readonly Span[])[],
): readonly number[] => {
  const times = programs.map((tasks) =>
    tasks.reduce((sum, { from, to }) => {
      return sum + Math.max(0, Math.min(to, window.to) - Math.max(from, window.from));
    }, 0),
  );
  const all = times.reduce((sum, time) => sum + time, 0);
  return times.map((time) => time / all);
};

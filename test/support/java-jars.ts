import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Public classes by their full names: the members, or all that follows the name, bracket and all. */
export type Sources = Readonly<Record<string, string>>;

const tool = (name: string): string =>
  process.env.JAVA_HOME === undefined ? name : join(process.env.JAVA_HOME, 'bin', name);

/** Compiles classes into a jar; with the jars of a Spark when one is named. */
export const makeJar = (
  jar: string,
  sources: Sources,
  sparkHome: string | null = null,
  imports = '',
): void => {
  const work = mkdtempSync(join(tmpdir(), 'libra-jar-'));
  try {
    const files = Object.entries(sources).map(([type, body]) => {
      const file = join(work, 'src', `${type.replaceAll('.', '/')}.java`);
      const [, pack, name] = /^(.*)\.([^.]+)$/.exec(type) ?? [];
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(
        file,
        `package ${pack};\n${imports}\npublic class ${name} ${/^\s*(\{|extends\b|implements\b)/.test(body) ? body : `{\n${body}`}\n}\n`,
      );
      return file;
    });
    const classPath = sparkHome === null ? [] : ['-cp', join(sparkHome, 'jars', '*')];
    const out = join(work, 'out');
    execFileSync(tool('javac'), ['-nowarn', '-proc:none', ...classPath, '-d', out, ...files], {
      stdio: 'ignore',
    });
    mkdirSync(dirname(jar), { recursive: true });
    execFileSync(tool('jar'), ['cf', jar, '-C', out, '.']);
  } finally {
    rmSync(work, { recursive: true });
  }
};

export interface Module {
  readonly name: string;
  readonly sources: Sources;
  /** Another module that this one depends on. */
  readonly needs: string | null;
}

const artifact = (name: string): string =>
  `<groupId>org.example</groupId><artifactId>${name}</artifactId><version>1.0</version>`;

/** A Maven repository of files, its modules as org.example:…:1.0. */
export const writeMavenRepository = (folder: string, modules: readonly Module[]): void => {
  for (const { name, sources, needs } of modules) {
    const place = join(folder, 'org', 'example', name, '1.0');
    makeJar(join(place, `${name}-1.0.jar`), sources);
    const needed =
      needs === null
        ? ''
        : `<dependencies><dependency>${artifact(needs)}</dependency></dependencies>`;
    writeFileSync(
      join(place, `${name}-1.0.pom`),
      `<project><modelVersion>4.0.0</modelVersion>${artifact(name)}${needed}</project>`,
    );
  }
};

/** The body of a bean that tests send to executors and take back. */
export const PERSON = `implements Serializable {
  private String name; private int age;
  public Person() {}
  public Person(String name, int age) { this.name = name; this.age = age; }
  public String getName() { return name; }
  public void setName(String name) { this.name = name; }
  public int getAge() { return age; }
  public void setAge(int age) { this.age = age; }
  @Override public String toString() { return name + ":" + age; }
  @Override public boolean equals(Object o) { return o instanceof Person p && p.name.equals(name); }
  @Override public int hashCode() { return name.hashCode(); }`;

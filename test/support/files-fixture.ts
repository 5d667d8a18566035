import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { StoredFile } from '../../src/domain/file.ts';
import type { Identity } from '../../src/domain/identity.ts';
import { FileService, type FileServiceOptions } from '../../src/files/file-service.ts';
import { ProgramFiles, type ProgramFilesOptions } from '../../src/files/program-files.ts';
import { UploadDisk } from '../../src/files/upload-disk.ts';
import { IdempotencyKeys } from '../../src/jobs/idempotency-keys.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { systemClock } from '../../src/util/clock.ts';
import { shakyStore } from './shaky-store.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * A machine in a folder: `work` and `data` are roots, `data` is the data directory as well, and
 * `outside` is not for jobs to name.
 */
export class FilesFixture {
  readonly base: string;
  readonly store;
  readonly programs: ProgramFiles;
  readonly files: FileService;
  stopping = false;

  private constructor(base: string, over: Partial<FileServiceOptions & ProgramFilesOptions>) {
    this.base = base;
    this.store = shakyStore(new SqliteStore({ dataDir: this.path('data') }));
    const filesDir = this.path('data/files');
    this.programs = new ProgramFiles({
      store: this.store.files,
      filesDir,
      dataDir: this.path('data'),
      roots: [this.path('data'), this.path('work')],
      closed: ['data/logs', 'data/results', 'work/config'].map((path) => this.path(path)),
      schemes: ['s3a', 'hdfs', 'local'],
      ...over,
    });
    this.files = new FileService({
      store: this.store,
      disk: new UploadDisk(filesDir),
      keys: new IdempotencyKeys(this.store.servers),
      clock: systemClock,
      log: silent,
      maxBytes: 1 << 20,
      maxTotalBytes: 4 << 20,
      isStopping: () => this.stopping,
      ...over,
    });
  }

  static async open(
    over: Partial<FileServiceOptions & ProgramFilesOptions> = {},
    base: string | null = null,
  ): Promise<FilesFixture> {
    const fixture = new FilesFixture(base ?? (await mkdtemp(join(tmpdir(), 'libra-files-'))), over);
    await mkdir(fixture.path('work'), { recursive: true });
    await fixture.store.open();
    await fixture.files.start();
    return fixture;
  }

  async close(): Promise<void> {
    this.store.broken = false;
    await this.store.close();
    await rm(this.base, { recursive: true, force: true });
  }

  path(relative: string): string {
    return `${this.base}/${relative}`;
  }

  async write(relative: string, content: string | Buffer = 'print(1)\n'): Promise<string> {
    const path = this.path(relative);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    return path;
  }

  async upload(
    identity: Identity,
    name: string,
    content: string | Buffer = 'print(1)\n',
  ): Promise<StoredFile> {
    const received = await this.files.receive(
      identity,
      name,
      Readable.from([Buffer.from(content)]),
    );
    return (await this.files.keep(identity, received, null)).file;
  }
}

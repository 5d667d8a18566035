import { v7 as uuid } from 'uuid';
import { Problem } from '../domain/errors.ts';
import type { FilePage, StoredFile } from '../domain/file.ts';
import { hasRole, type Identity, maySee } from '../domain/identity.ts';
import type { Job } from '../domain/job.ts';
import type { IdempotencyKeys } from '../jobs/idempotency-keys.ts';
import { replayed } from '../jobs/idempotency-keys.ts';
import { answered, serverStopping, storeUnavailable } from '../jobs/store-problem.ts';
import type { IdempotencyKey, Store } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Arrived, UploadDisk } from './upload-disk.ts';
import { uploadName } from './upload-name.ts';
import { isFileId } from './uploaded-files.ts';

export interface FileServiceOptions {
  readonly store: Store;
  readonly disk: UploadDisk;
  readonly keys: IdempotencyKeys;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxBytes: number;
  readonly maxTotalBytes: number;
  readonly isStopping: () => boolean;
}

/** A file that has arrived and belongs to nobody yet. */
export interface Received extends Arrived {
  readonly id: string;
  readonly name: string;
}

const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** Use cases of uploaded files. Each is a folder beside the store and a record in it. */
export class FileService {
  readonly #options: FileServiceOptions;
  /** Bytes on the disk that no record counts yet. */
  #arriving = 0;
  #started = false;

  constructor(options: FileServiceOptions) {
    this.#options = options;
  }

  /** Removes what a crash has left: what never arrived whole, and folders without a record. */
  async start(): Promise<void> {
    const { disk, store, log } = this.#options;
    for (const id of await disk.ids()) {
      const known = (await store.files.get(id)) !== null;
      if (known) await disk.discardPart(id);
      else await disk.discard(id);
      if (!known) log.warn({ fileId: id }, 'removed an upload that was never recorded');
    }
    this.#started = true;
  }

  /** To the disk, piece by piece; either `keep` or `discard` has to follow. */
  receive(
    identity: Identity,
    given: string | null,
    content: AsyncIterable<Uint8Array>,
  ): Promise<Received> {
    return answered(this.#receive(identity, given, content));
  }

  /** On disk when it answers. */
  keep(
    identity: Identity,
    received: Received,
    key: { readonly key: string; readonly operation: string } | null,
  ): Promise<{ readonly file: StoredFile; readonly replayed: boolean }> {
    return answered(this.#keep(identity, received, key));
  }

  async discard(received: Received): Promise<void> {
    this.#arriving -= received.size;
    await this.#options.disk.discard(received.id);
  }

  get(identity: Identity, id: string): Promise<StoredFile> {
    return answered(this.#find(identity, id));
  }

  list(identity: Identity, limit: number, cursor: string | null): Promise<FilePage> {
    const owner = hasRole(identity, 'operator') ? null : identity.name;
    return answered(this.#options.store.files.list(owner, limit, cursor));
  }

  remove(identity: Identity, id: string): Promise<void> {
    return answered(this.#remove(identity, id));
  }

  async #receive(
    identity: Identity,
    given: string | null,
    content: AsyncIterable<Uint8Array>,
  ): Promise<Received> {
    if (!hasRole(identity, 'user')) throw new Problem('FORBIDDEN', 'This needs the role "user".');
    if (this.#options.isStopping()) throw serverStopping();
    if (!this.#started) throw storeUnavailable(null);
    const { disk, store, maxBytes, maxTotalBytes } = this.#options;
    const stored = await store.files.totalBytes();
    const id = uuid();
    let counted = 0;
    const count = (bytes: number): void => {
      counted += bytes;
      this.#arriving += bytes;
      if (counted > maxBytes) throw tooLarge(maxBytes);
      if (stored + this.#arriving > maxTotalBytes) throw noRoom(maxTotalBytes);
    };
    try {
      return { id, name: uploadName(given), ...(await disk.receive(id, content, count)) };
    } catch (error) {
      this.#arriving -= counted;
      throw diskProblem(error);
    }
  }

  async #keep(
    identity: Identity,
    received: Received,
    key: { readonly key: string; readonly operation: string } | null,
  ): Promise<{ readonly file: StoredFile; readonly replayed: boolean }> {
    const { store, keys, disk, clock, maxTotalBytes } = this.#options;
    const { id, name, size, sha256 } = received;
    const owner = identity.name;
    const file: StoredFile = { id, owner, name, size, sha256, uploadedAt: clock.now() };
    let kept = false;
    try {
      const idempotency =
        key === null ? null : await keys.keyOf(owner, { ...key, body: { name, sha256 } });
      if ((await store.files.totalBytes()) + size > maxTotalBytes) throw noRoom(maxTotalBytes);
      await disk.keep(id, name);
      const answer = await store.files.create(file, idempotency);
      kept = answer.created;
      if (answer.created) return { file, replayed: false };
      const known = replayed(idempotency as IdempotencyKey, answer);
      return { file: await this.#find(identity, known), replayed: true };
    } catch (error) {
      throw diskProblem(error);
    } finally {
      this.#arriving -= size;
      if (!kept) await disk.discard(id);
    }
  }

  async #find(identity: Identity, id: string): Promise<StoredFile> {
    const file = isFileId(id) ? await this.#options.store.files.get(id.toLowerCase()) : null;
    if (file !== null && maySee(identity, file.owner)) return file;
    throw new Problem('NOT_FOUND', 'There is no file with this id.');
  }

  async #remove(identity: Identity, id: string): Promise<void> {
    if (!hasRole(identity, 'user')) throw new Problem('FORBIDDEN', 'This needs the role "user".');
    const { store, disk } = this.#options;
    const file = await this.#find(identity, id);
    if (file.owner !== identity.name && !hasRole(identity, 'admin')) {
      throw new Problem('FORBIDDEN', 'Only its owner and admins remove a file.');
    }
    const job = (await store.jobs.active()).find((active) => names(active, file.id));
    if (job !== undefined) {
      throw new Problem('JOB_ACTIVE', `The job ${job.id} needs the file and has not ended.`);
    }
    // The record first: what a crash leaves behind then is swept at the next start.
    if (!(await store.files.remove(file.id))) {
      throw new Problem('NOT_FOUND', 'There is no file with this id.');
    }
    await disk.discard(file.id);
  }
}

/** By its id, or by a path that leads through the folder of that name. */
const names = ({ request }: Job, fileId: string): boolean =>
  [request.filePath ?? '', ...Object.values(request.sparkConfig)].some((text) =>
    text.toLowerCase().includes(fileId),
  );

const tooLarge = (maxBytes: number): Problem =>
  new Problem('BODY_TOO_LARGE', `A file has at most ${maxBytes} bytes (libra.files.max-bytes).`);

const noRoom = (maxTotalBytes: number): Problem =>
  new Problem(
    'STORAGE_FULL',
    `All files together have at most ${maxTotalBytes} bytes (libra.files.max-total-bytes).`,
  );

const diskProblem = (error: unknown): unknown => {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  if (!FULL.includes(code)) return error;
  return new Problem('STORAGE_FULL', 'The disk of the data directory has no room for the file.', {
    cause: error,
  });
};

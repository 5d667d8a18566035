import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../../../domain/errors.ts';

export const FILE_PART = 'file';

const notValid = (detail: string, cause: unknown = null): Problem =>
  new Problem('INVALID_REQUEST', detail, {
    errors: [{ field: FILE_PART, message: 'accepts one file, as a part of multipart/form-data' }],
    cause,
  });

const ONE_PART = `The body has one part, called "${FILE_PART}", with a file: curl -F file=@job.jar`;

/**
 * Hands the one file of a form on as it arrives, and answers what became of it when the form has
 * ended as it should; otherwise takes it back.
 */
export const receiveFile = async <T>(
  request: FastifyRequest,
  receive: (name: string | null, content: AsyncIterable<Uint8Array>) => Promise<T>,
  takeBack: (received: T) => Promise<void>,
): Promise<T> => {
  if (!request.isMultipart()) {
    throw new Problem('UNSUPPORTED_MEDIA_TYPE', `Send multipart/form-data. ${ONE_PART}.`);
  }
  const parts = partsOf(request);
  let received: { readonly of: T } | null = null;
  try {
    for (let part = await parts.next(); part !== null; part = await parts.next()) {
      if (received !== null || !isFile(part)) throw notValid(`${ONE_PART}.`);
      received = { of: await receive(part.filename || null, whole(part)) };
    }
  } catch (error) {
    // What is left of the body is read and dropped, or the connection would stand still.
    request.raw.unpipe();
    request.raw.resume();
    if (received !== null) await takeBack(received.of);
    throw error;
  }
  if (received === null) throw notValid(`There is no file in the body. ${ONE_PART}.`);
  return received.of;
};

const isFile = (part: Multipart): part is MultipartFile =>
  part.type === 'file' && part.fieldname === FILE_PART;

/** What the parser says against the form is the client's to mend. */
const partsOf = (request: FastifyRequest) => {
  // The file itself is measured where it is stored; of the rest there is next to nothing.
  const limits = { fileSize: Number.POSITIVE_INFINITY, fieldSize: 1024, headerPairs: 50, parts: 5 };
  let parts: AsyncIterator<Multipart> | null = null;
  return {
    next: async (): Promise<Multipart | null> => {
      try {
        parts ??= request.parts({ limits })[Symbol.asyncIterator]();
        const step = await parts.next();
        return step.done === true ? null : step.value;
      } catch (cause) {
        throw broken(cause);
      }
    },
  };
};

const whole = async function* ({ file }: MultipartFile): AsyncGenerator<Uint8Array> {
  try {
    yield* file as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw broken(cause);
  }
};

const broken = (cause: unknown): Problem =>
  notValid(
    `The form is damaged or ends too early${cause instanceof Error ? `: ${cause.message}` : ''}.`,
    cause,
  );

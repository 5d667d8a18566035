import { z } from 'zod';
import type { FilePage, StoredFile } from '../domain/file.ts';
import { timestamp } from './times.ts';

export const fileSchema = z
  .object({
    fileId: z.string().describe('Stands wherever a job names a file.'),
    name: z.string().describe('As the client called it, without what no path may hold.'),
    size: z.int().describe('Bytes.'),
    sha256: z.string().describe('Of its content, in hex.'),
    owner: z.string(),
    uploadedAt: z.iso.datetime(),
  })
  .meta({ id: 'File', description: 'An uploaded file.' });

export const fileListSchema = z
  .object({ items: z.array(fileSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'FileList' });

type FileView = z.infer<typeof fileSchema>;

export const fileView = (file: StoredFile): FileView => ({
  fileId: file.id,
  name: file.name,
  size: file.size,
  sha256: file.sha256,
  owner: file.owner,
  uploadedAt: timestamp(file.uploadedAt),
});

export const fileListView = (page: FilePage): z.infer<typeof fileListSchema> => ({
  items: page.items.map(fileView),
  nextCursor: page.nextCursor,
});

export const FILE_EXAMPLE: FileView = {
  fileId: '0193a5c8-7c1e-7b44-9d2f-3f6d2f0c9a11',
  name: 'word-count.jar',
  size: 48_213,
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  owner: 'anonymous',
  uploadedAt: '2025-11-03T10:00:00.000Z',
};

export const FILE_LIST_EXAMPLE = { items: [FILE_EXAMPLE], nextCursor: null };

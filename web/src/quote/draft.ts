/** A message that is being written. */
export interface Draft {
  text: string;
  withImage: boolean;
  /** Where the image is; a quote needs none. */
  imageUrl?: string;
  smartEncoding: boolean;
}

const TYPES: Record<string, string> = {
  gif: 'image/gif',
  png: 'image/png',
  webp: 'image/webp',
};

/** A draft's attachments for the API: any image makes it an MMS. */
export function mediaOf(draft: Draft): { contentType: string; url?: string }[] {
  if (!draft.withImage) return [];
  const url = draft.imageUrl?.trim();
  const extension = /\.(\w+)(?:[?#].*)?$/.exec(url ?? '')?.[1]?.toLowerCase() ?? '';
  const contentType = TYPES[extension] ?? 'image/jpeg';
  return [url ? { contentType, url } : { contentType }];
}

/** A message that is being written. */
export interface Draft {
  text: string;
  withImage: boolean;
  smartEncoding: boolean;
}

/** A draft's attachments for the API: any image makes it an MMS. */
export function mediaOf(draft: Draft): { contentType: string }[] {
  return draft.withImage ? [{ contentType: 'image/jpeg' }] : [];
}

/** A message as it is being written. */
export interface Draft {
  text: string;
  withImage: boolean;
  smartEncoding: boolean;
}

/** How a draft's attachments are told to the API: any one image makes it an MMS. */
export function mediaOf(draft: Draft): { contentType: string }[] {
  return draft.withImage ? [{ contentType: 'image/jpeg' }] : [];
}

/** What of a text a task's name can have: a template or an OpenDCP task may be called anything, a task may not. */
export function slug(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[._-]+|-+$/g, '') || 'task';
}

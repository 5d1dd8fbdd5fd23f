import type { Json } from '../../model/json.ts';
import { readingError, readText } from '../input/files.ts';

/** An OpenDCP catalogue in a file, as JSON; what it holds the server looks at. Throws Invalid. */
export function readCatalogueJson(file: string): Json {
  const text = readText(file);
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw readingError(file, `is no JSON: ${(error as Error).message}`);
  }
}

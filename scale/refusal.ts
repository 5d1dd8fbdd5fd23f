import { textAt } from '../model/json-path.ts';
import type { Reply } from './api.ts';

/** The refusal of a vendor that puts a code into every reply: its message, when the code is not the one of success. */
export function unlessCode(success: string, messageKey: 'msg' | 'message'): (reply: Reply) => string | undefined {
  return ({ json }) => {
    const code = textAt(json, 'code?');
    return code === undefined || code === success ? undefined : `code ${code}: ${textAt(json, `${messageKey}?`) ?? ''}`;
  };
}

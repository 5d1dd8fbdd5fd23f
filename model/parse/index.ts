export { parseDocument, parseDocuments, parseDocumentsText } from './documents.ts';
export { isInParts, parseSubmission, type ParsedSubmission } from './submission.ts';
export { checkTask, parseParams } from './task.ts';
export { LARGEST_INLINE, type StoredFile } from './local-files.ts';
export { parseHostList, parseNodes, parseNodesText } from './nodes.ts';
export { Invalid, type Problem } from './problem.ts';
export { parseRollout } from './rollout.ts';
export { parseTemplate, parseTemplateText } from './template.ts';

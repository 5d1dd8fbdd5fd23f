import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** What each room may import from; everything else is refused (docs/architecture.md, "The folders"). */
const rooms = {
  model: [],
  workflows: ['model'],
  activities: ['model', 'remote', 'scale', 'store'],
  remote: [],
  scale: ['model'],
  store: ['model'],
  client: ['model', 'workflows'],
  worker: ['model', 'activities', 'remote', 'scale', 'store', 'client'],
  api: ['model', 'client', 'store'],
  embedded: ['model', 'client', 'store', 'worker', 'api'],
  cli: ['model', 'client', 'store', 'worker', 'api', 'embedded'],
  demo: ['model', 'client', 'cli', 'embedded'],
};

const zones = Object.entries(rooms).map(([room, mayImport]) => ({
  target: `./${room}`,
  from: Object.keys(rooms)
    .filter((other) => other !== room && !mayImport.includes(other))
    .map((other) => `./${other}`),
  message: `${room}/ may import ${mayImport.join(', ') || 'no other room'}`,
}));

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'bin/', '.drover/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['workflows/**', 'model/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['node:*', 'fs', 'path', 'crypto', 'os'],
              message: 'workflow code is bundled for a sandbox without Node built-ins',
            },
          ],
        },
      ],
    },
  },
  { files: ['**/*.mjs', 'eslint.config.js'], ...tseslint.configs.disableTypeChecked },
  { files: ['workflows/**'], rules: { 'no-restricted-imports': ['error', { paths: ['zod'], patterns: ['node:*'] }] } },
);

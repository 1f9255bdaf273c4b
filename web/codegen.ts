import type { CodegenConfig } from '@graphql-codegen/cli';

/** Types for every document in `src`, from the schema that the server prints. */
const config: CodegenConfig = {
  schema: '../schema.graphql',
  documents: ['src/**/*.{ts,tsx}', '!src/generated/**'],
  ignoreNoDocuments: true,
  generates: {
    './src/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: { unmaskFunctionName: 'readFragment' } },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        // Credits, money and instants stay strings; nothing may turn them into floats.
        defaultScalarType: 'string',
        strictScalars: false,
        scalars: { Upload: 'File', BigInt: 'number' },
      },
    },
  },
};

export default config;

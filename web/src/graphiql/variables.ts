/** The part of a JSON schema that says what an object needs. */
export interface JsonSchema {
  required?: string[];
  properties?: Record<string, object>;
  definitions?: Record<string, JsonSchema>;
}

/** The editor's options for JSON: Monaco's `jsonDefaults`. */
interface Defaults {
  readonly diagnosticsOptions: { schemas?: { schema?: unknown }[] };
  setDiagnosticsOptions(options: object): void;
}

const MENDED = Symbol('accepts defaults');

/**
 * Lets variables leave out fields that have defaults. GraphiQL requires every field of a non-null
 * type, although GraphQL doesn't if the field has a default, and marks variables that the server
 * accepts.
 */
export function acceptDefaults(json: Defaults & { [MENDED]?: true }): void {
  if (json[MENDED]) return;
  json[MENDED] = true;
  const set = json.setDiagnosticsOptions.bind(json);
  json.setDiagnosticsOptions = (options: Defaults['diagnosticsOptions']) =>
    set({
      ...options,
      schemas: options.schemas?.map((one) => ({
        ...one,
        schema: one.schema && withoutDefaults(one.schema),
      })),
    });
  json.setDiagnosticsOptions(json.diagnosticsOptions);
}

/** The schema, requiring no field that has a default. */
export function withoutDefaults(schema: JsonSchema): JsonSchema {
  const { required, properties = {}, definitions } = schema;
  return {
    ...schema,
    ...(required && {
      required: required.filter((name) => !('default' in (properties[name] ?? {}))),
    }),
    ...(definitions && {
      definitions: Object.fromEntries(
        Object.entries(definitions).map(([name, one]) => [name, withoutDefaults(one)]),
      ),
    }),
  };
}

/** The part of a structured logger that the code uses: fields first, without values of records, then the text. */
export interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** Statements that commit whatever is open before they run, or end a transaction behind the session's back. */
const commits =
  /^(create|alter|drop|undrop|rename|comment|grant|revoke|begin|start\s+transaction|commit|rollback|execute|call)\b/i;

/** Whether a statement may not be sent within a transaction. TRUNCATE may: Snowflake counts it as DML. */
export function endsTransaction(sql: string): boolean {
  return commits.test(withoutLeadingComments(sql));
}

function withoutLeadingComments(sql: string): string {
  return sql.replace(/^(\s+|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)+/, '');
}

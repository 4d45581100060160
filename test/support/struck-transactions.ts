import { type Driver, type DriverConnection, loadDriver } from '../../destinations/snowflake/driver.ts';

/** Strikes within transactions of sessions that go on all the same, as if their process had stood still. */
export interface StruckTransactions {
  readonly load: () => Promise<Driver>;
  /** After the given one of the next statements in transactions, BEGIN being 0; at most once. Counts from here on. */
  strike(place: number | null, how: (transactionId: string) => Promise<unknown>): void;
  /** Statements in transactions since `strike`, with what ended them. */
  readonly sent: readonly string[];
  readonly hasStruck: boolean;
}

export function strikeTransactions(): StruckTransactions {
  let sent: string[] = [];
  let at: number | null = null;
  let hasStruck = false;
  let how: (transactionId: string) => Promise<unknown> = async () => undefined;

  const wrap = (connection: DriverConnection): DriverConnection => {
    let isOpen = false;
    return {
      login: () => connection.login(),
      destroy: () => connection.destroy(),
      execute: (statement, queryTag) => {
        if (statement.sql === 'BEGIN') isOpen = true;
        const place = isOpen ? sent.push(statement.sql) - 1 : null;
        if (/^(COMMIT|ROLLBACK)$/.test(statement.sql)) isOpen = false;
        const statementSent = connection.execute(statement, queryTag);
        if (!isOpen || place !== at) return statementSent;
        at = null;
        hasStruck = true;
        const struck = statementSent.answer.then(async (answer) => {
          const asked = await connection.execute({ sql: 'SELECT CURRENT_TRANSACTION()' }, queryTag).answer;
          for await (const [id] of asked.rows()) await how(String(id));
          return answer;
        });
        return { answer: struck, cancel: () => statementSent.cancel() };
      },
    };
  };

  return {
    load: async () => {
      const driver = await loadDriver();
      return { connect: (options) => wrap(driver.connect(options)) };
    },
    strike(place, next) {
      sent = [];
      hasStruck = false;
      at = place;
      how = next;
    },
    get sent() {
      return sent;
    },
    get hasStruck() {
      return hasStruck;
    },
  };
}

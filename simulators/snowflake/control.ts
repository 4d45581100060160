/** A statement as the emulator logged it. */
export interface LoggedStatement {
  readonly queryId: string;
  readonly sql: string;
  /** First word, synonyms merged: SELECT, MERGE, CREATE, ..., or `ALTER SESSION`. */
  readonly word: string;
  readonly bindCount: number;
  readonly session: string;
  readonly user: string;
  readonly role: string | null;
  readonly warehouse: string | null;
  readonly queryTag: string;
  /** Whether Snowflake bills a warehouse for it. */
  readonly needsWarehouse: boolean;
  /** The explicit transaction it ran in. */
  readonly transaction: string | null;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly rows: number | null;
  readonly outcome: 'running' | 'ok' | 'error';
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  /** The transaction that this DDL statement committed, which Snowflake does without a word. */
  readonly implicitCommit: string | null;
}

export interface EmulatorLog {
  readonly statements: readonly LoggedStatement[];
  /** Files that reached a stage. `path` is as LIST shows it. */
  readonly uploads: readonly { readonly path: string; readonly sizeBytes: number }[];
  /** Requests by kind: login, renew, query, result, cancel, logout, heartbeat. */
  readonly requests: Readonly<Record<string, number>>;
}

/** A failure on order. Of `delayMs` and `hang` the request goes on; the other actions end it. */
export interface Fault {
  /** What `match` is matched with: the SQL, the user's name, or the stage path. Default `statement`. */
  readonly target?: 'statement' | 'login' | 'upload';
  /** A regular expression in Python's words; case does not matter. Default: everything. */
  readonly match?: string;
  /** `before`, the default: instead of doing it. `after`: it is done, and only the answer fails. */
  readonly when?: 'before' | 'after';
  /** How many requests it strikes, default 1; the driver's retries count. */
  readonly times?: number;
  /** How many matching requests pass first. */
  readonly skip?: number;
  readonly error?: { readonly code: string; readonly message?: string; readonly sqlState?: string };
  /** An HTTP status. The driver repeats 5xx, 408 and 429 for hours. */
  readonly status?: number;
  /** Closes the connection without an answer. */
  readonly drop?: boolean;
  readonly delayMs?: number;
  /** Until the statement is canceled or the fault removed. */
  readonly hang?: boolean;
  /** `expired`: the driver renews its token; `unrenewable`: that is refused too; `gone`: the session is ended. */
  readonly session?: 'expired' | 'unrenewable' | 'gone';
  /** A result in place of the statement's own. */
  readonly answer?: { readonly columns: readonly string[]; readonly rows: readonly (readonly (string | null)[])[] };
}

export interface EmulatedUser {
  readonly name: string;
  readonly password?: string;
  /** PEM. */
  readonly publicKey?: string;
  readonly pat?: string;
  readonly oauthToken?: string;
  readonly defaultRole?: string;
  /** A password alone is not enough for it. */
  readonly mfa?: boolean;
  /** An error code with which every login of this user is refused. */
  readonly refuse?: string;
}

export interface EmulatorSettings {
  /** Default EMULATED. */
  readonly account?: string;
  readonly organization?: string;
  readonly region?: string;
  /** Made at the start; default `['SLUICE']`, each with the schema PUBLIC. */
  readonly databases?: readonly string[];
  /** Without any, every login is let in. */
  readonly users?: readonly EmulatedUser[];
  /** Without any, every name is a warehouse. */
  readonly warehouses?: readonly {
    readonly name: string;
    readonly size?: string;
    readonly autoSuspend?: number;
    readonly autoResume?: boolean;
    readonly state?: 'STARTED' | 'SUSPENDED';
  }[];
  /** Without any, every role may be taken. */
  readonly roles?: readonly string[];
  /** What SHOW GRANTS tells; without any, ownership of the databases. */
  readonly grants?: readonly {
    readonly privilege: string;
    readonly grantedOn: string;
    readonly name: string;
    readonly role?: string;
  }[];
  /** Whether roles may read SNOWFLAKE.ACCOUNT_USAGE; default true. */
  readonly seesAccountUsage?: boolean;
  /** Of S3. Without any, every name is a bucket. */
  readonly buckets?: readonly string[];
  /** After this the answer is "in progress" and the driver polls; default 45 s. */
  readonly answerWithinMs?: number;
  /** How long the session of a transaction that blocks others may be silent; default 5 min. */
  readonly abortIdleBlockerMs?: number;
  /** Whether CURRENT_TRANSACTION() tells of a statement outside of any transaction; default true. Of sessions that begin later. */
  readonly tellsTransactionOfOneStatement?: boolean;
  readonly sessionTokenSeconds?: number;
  readonly masterTokenSeconds?: number;
}

export interface OpenSession {
  readonly id: string;
  readonly user: string;
  readonly transaction: string | null;
  readonly lastRequestAt: number;
}

/** What a test asks of a running emulator beside SQL. */
export class EmulatorControl {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  log(): Promise<EmulatorLog> {
    return this.#ask<EmulatorLog>('GET', 'log');
  }

  async resetLog(): Promise<void> {
    await this.#ask('DELETE', 'log');
  }

  /** Returns the fault's id. */
  async addFault(fault: Fault): Promise<string> {
    const { id } = await this.#ask<{ id: string }>('POST', 'faults', fault);
    return id;
  }

  /** Of all, or of one; what hangs by them goes on. */
  async removeFaults(id?: string): Promise<void> {
    await this.#ask('DELETE', id === undefined ? 'faults' : `faults/${id}`);
  }

  async configure(settings: EmulatorSettings): Promise<void> {
    await this.#ask('POST', 'settings', settings);
  }

  sessions(): Promise<readonly OpenSession[]> {
    return this.#ask<readonly OpenSession[]>('GET', 'sessions');
  }

  async #ask<Answer>(method: string, path: string, content?: unknown): Promise<Answer> {
    const body = content === undefined ? {} : { body: JSON.stringify(content) };
    const response = await fetch(`${this.#url}/emulator/${path}`, { method, ...body });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`the Snowflake emulator refused: ${(answer as { message: string }).message}`);
    return answer as Answer;
  }
}

/** Reads SSH's wire format (RFC 4251 section 5): strings with a 32-bit length, strictly. */
export class WireReader {
  #at = 0;

  /** `damaged` makes the error for everything that does not fit. */
  constructor(
    private readonly bytes: Buffer,
    readonly damaged: () => Error,
  ) {}

  string(): Buffer {
    const start = this.#at + 4;
    if (start > this.bytes.length) throw this.damaged();
    const end = start + this.bytes.readUInt32BE(this.#at);
    if (end > this.bytes.length) throw this.damaged();
    this.#at = end;
    return this.bytes.subarray(start, end);
  }

  text(): string {
    return this.string().toString('latin1');
  }

  /** An mpint above zero in its one shortest form: no needless leading zero byte. */
  positiveInteger(): { bytes: Buffer; bits: number } {
    const raw = this.string();
    const first = raw[0];
    if (first === undefined || first > 0x7f) throw this.damaged();
    if (first !== 0) return { bytes: raw, bits: bitLength(raw) };
    const second = raw[1];
    if (second === undefined || second <= 0x7f) throw this.damaged();
    const bytes = raw.subarray(1);
    return { bytes, bits: bitLength(bytes) };
  }

  end(): void {
    if (this.#at !== this.bytes.length) throw this.damaged();
  }
}

function bitLength(bytes: Buffer): number {
  return bytes.length * 8 - (Math.clz32(bytes[0] ?? 0) - 24);
}

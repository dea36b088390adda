// The CRC-64 that Azure's storage clients send as `x-ms-content-crc64` (CRC-64/NVME: reflected, all ones before and after).

/** 0x9A6C9329AC4BC9B5 in two halves: JavaScript's whole numbers of 64 bits are slow. */
const POLYNOMIAL = { high: 0x9a6c9329, low: 0xac4bc9b5 };
const TABLE_HIGH = new Uint32Array(256);
const TABLE_LOW = new Uint32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let high = 0;
  let low = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    const odd = low & 1;
    low = (low >>> 1) | ((high & 1) << 31);
    high >>>= 1;
    if (odd) {
      high ^= POLYNOMIAL.high;
      low ^= POLYNOMIAL.low;
    }
  }
  TABLE_HIGH[byte] = high;
  TABLE_LOW[byte] = low;
}

/** Summed up piece by piece. */
export class Crc64 {
  #high = 0xffffffff;
  #low = 0xffffffff;

  update(bytes: Uint8Array): this {
    let high = this.#high;
    let low = this.#low;
    for (const byte of bytes) {
      const at = (low ^ byte) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (TABLE_LOW[at] as number);
      high = (high >>> 8) ^ (TABLE_HIGH[at] as number);
    }
    this.#high = high;
    this.#low = low;
    return this;
  }

  /** Eight bytes, the lowest first, as the header has them in base64. */
  digest(): Uint8Array {
    const out = new DataView(new ArrayBuffer(8));
    out.setUint32(0, ~this.#low >>> 0, true);
    out.setUint32(4, ~this.#high >>> 0, true);
    return new Uint8Array(out.buffer);
  }
}

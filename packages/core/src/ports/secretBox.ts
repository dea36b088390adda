// Makes secrets unreadable for whoever has the records without the data folder's own key.
export interface SecretBox {
  seal(text: string): string;
  /** Throws StorageFailed for what another key has sealed, or somebody has changed. */
  open(sealed: string): string;
}

// A plot as a picture to take along: with its title and a ground, which its canvas lacks.
import { saveFile } from "../saveFile.ts";
import { coloursNow } from "./looks.ts";

async function pictureOf(canvas: HTMLCanvasElement, title: string): Promise<Blob> {
  const scale = devicePixelRatio;
  const head = 28 * scale;
  const whole = document.createElement("canvas");
  whole.width = canvas.width;
  whole.height = canvas.height + head;
  const context = whole.getContext("2d");
  if (context === null) throw new Error("This browser paints no pictures.");
  const { surface, ink, font } = coloursNow();
  context.fillStyle = surface;
  context.fillRect(0, 0, whole.width, whole.height);
  context.fillStyle = ink;
  context.font = font.replace("11px", `600 ${13 * scale}px`);
  context.fillText(title, 10 * scale, 19 * scale, whole.width - 20 * scale);
  context.drawImage(canvas, 0, head);
  return new Promise((resolve, reject) =>
    whole.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("This browser made no picture."))),
      "image/png",
    ),
  );
}

/** Puts it on the clipboard where the browser lets pages do that, else saves it; tells which. */
export async function copyPicture(canvas: HTMLCanvasElement, title: string): Promise<"copied" | "saved"> {
  const picture = await pictureOf(canvas, title);
  if (typeof ClipboardItem !== "undefined" && navigator.clipboard?.write) {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
    return "copied";
  }
  saveFile(`${title}.png`, picture);
  return "saved";
}

/** Saves it as a file. */
export async function savePicture(canvas: HTMLCanvasElement, title: string): Promise<void> {
  saveFile(`${title}.png`, await pictureOf(canvas, title));
}

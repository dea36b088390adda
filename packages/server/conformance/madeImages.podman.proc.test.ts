// Images made for environments, with Podman behind them.
import { madeImagesConformance } from "./madeImagesUnderTest.ts";

madeImagesConformance("podman");

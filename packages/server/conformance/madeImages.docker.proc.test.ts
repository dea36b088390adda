// Images made for environments, with Docker behind them.
import { madeImagesConformance } from "./madeImagesUnderTest.ts";

madeImagesConformance("docker");

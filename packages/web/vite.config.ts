// How the pages are built: plain files for any browser of the last two years, all below /ui/, nothing inlined, so that the strict
// Content-Security-Policy of packages/server/src/http/webPages.ts lets all of it run.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const SERVICE = process.env.MALACHITE_URL ?? "http://127.0.0.1:7464";

// biome-ignore lint/style/noDefaultExport: vite takes its configuration in no other way
export default defineConfig({
  base: "/ui/",
  plugins: [react()],
  resolve: { conditions: ["malachite-src", "browser", "module", "import", "default"] },
  build: {
    target: "es2023",
    outDir: "dist",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
  // `npm run web`: pages that reload themselves, in front of a service that runs already.
  server: { proxy: { "^/(?!ui/).*": { target: SERVICE, changeOrigin: true } } },
});

/** A chart; ECharts is loaded when the first one is shown. What it shows stands in a table beside it. */
import { Alert } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useMedia, useShade } from "../shared/media";
import type { Drawing, Series } from "./drawing";
import "./figures.css";
import { TEXTS } from "./texts";

export function Chart({ label, series }: { label: string; series: Series }): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing>(undefined);
  const [failed, fail] = useState(false);
  const shade = useShade();
  const onPaper = useMedia("print");
  // biome-ignore lint/correctness/useExhaustiveDependencies: of another shade, or as wide as paper, it is drawn anew
  useEffect(() => {
    const parent = place.current;
    if (!parent) return;
    if (drawing.current) return drawing.current.show(series); // at once: paper waits for nothing
    let left = false;
    import("./drawing")
      .then(({ drawn }) => {
        if (left) return;
        drawing.current ??= drawn(parent);
        drawing.current.show(series);
      })
      .catch(() => fail(true));
    return () => {
      left = true;
    };
  }, [series, shade, onPaper]);
  useEffect(
    () => () => {
      drawing.current?.close();
      drawing.current = undefined;
    },
    [],
  );
  if (failed) return <Alert type="warning" title={TEXTS.chartFailed} />;
  return <div ref={place} className="chart" role="img" aria-label={label} />;
}

/** Older ones, and back to the newest. */
import { Button, Flex } from "antd";
import type { ReactNode } from "react";
import { useFilters } from "../../shared/filters";
import { TEXTS } from "./texts";

export function Pager({ before }: { before: number | undefined }): ReactNode {
  const [asked, change] = useFilters();
  if (!before && !asked.before) return null;
  return (
    <Flex gap={8} className="no-print">
      <Button disabled={!asked.before} onClick={() => change({})}>
        {TEXTS.newest}
      </Button>
      <Button disabled={!before} onClick={() => change({ before: String(before) })}>
        {TEXTS.older}
      </Button>
    </Flex>
  );
}

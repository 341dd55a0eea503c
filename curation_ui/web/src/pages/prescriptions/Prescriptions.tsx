/** A prescription, or an alert at order entry, to be read: other pages lead here. */
import type { ReactNode } from "react";
import { Route, Routes } from "react-router";
import { Frame } from "../../shared/frame";
import { Nothing } from "../../shared/states";
import { One } from "./One";
import { TEXTS } from "./texts";

export default function Prescriptions(): ReactNode {
  return (
    <Routes>
      <Route index element={<None />} />
      <Route path=":id" element={<One />} />
    </Routes>
  );
}

function None(): ReactNode {
  return (
    <Frame title={TEXTS.title}>
      <Nothing text={TEXTS.none} />
    </Frame>
  );
}

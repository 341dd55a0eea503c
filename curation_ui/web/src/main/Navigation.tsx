/** The way to every page somebody may open, by parts. */
import { type ReactNode, useId } from "react";
import { NavLink } from "react-router";
import { GROUPS, type Page } from "../shared/page";
import { listed } from "./pages";

const TEXTS = { navigation: "导航", home: "概览" };

type NavigationProps = { pages: Page[]; chosen?: () => void };

/** Plain links: antd's menu, which measures itself and keeps open branches, takes longer to draw than all else. */
export function Navigation({ pages, chosen }: NavigationProps): ReactNode {
  return (
    <nav aria-label={TEXTS.navigation} className="navigation">
      <NavLink to="/" end onClick={chosen}>
        {TEXTS.home}
      </NavLink>
      {GROUPS.map((group) => (
        <Part key={group} title={group} pages={listed(pages, group)} chosen={chosen} />
      ))}
    </nav>
  );
}

function Part({ title, pages, chosen }: NavigationProps & { title: string }): ReactNode {
  const id = useId();
  if (!pages.length) return null;
  return (
    <>
      <div id={id} className="navigation-part">
        {title}
      </div>
      <ul aria-labelledby={id}>
        {pages.map((page) => (
          <li key={page.path}>
            <NavLink to={`/${page.path}`} onClick={chosen}>
              <page.icon />
              {page.title}
            </NavLink>
          </li>
        ))}
      </ul>
    </>
  );
}

// A menu behind a button.
import { DropdownMenu } from "radix-ui";
import { type ReactNode, useContext } from "react";
import classes from "./Menu.module.css";
import { ModalContext } from "./Modal.tsx";

/** `trigger` is one button. `onOpen` is told whether it is open. */
export function Menu({
  trigger,
  onOpen,
  children,
}: {
  readonly trigger: ReactNode;
  readonly onOpen?: (isOpen: boolean) => void;
  readonly children: ReactNode;
}) {
  return (
    // Not modal: a modal one puts a style element into the page, which the Content-Security-Policy forbids.
    <DropdownMenu.Root modal={false} onOpenChange={onOpen}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal container={useContext(ModalContext)}>
        <DropdownMenu.Content className={classes.menu} align="end" sideOffset={4} collisionPadding={8}>
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** One thing to do. */
export function MenuItem({
  onSelect,
  danger,
  disabled,
  children,
}: {
  readonly onSelect: () => void;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <DropdownMenu.Item
      className={`${classes.item} ${danger ? classes.danger : ""}`}
      disabled={disabled}
      onSelect={onSelect}
    >
      {children}
    </DropdownMenu.Item>
  );
}

/** Something to switch on and off; the menu stays open. */
export function MenuCheck({
  checked,
  onChange,
  children,
}: {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly children: ReactNode;
}) {
  return (
    <DropdownMenu.CheckboxItem
      className={classes.item}
      checked={checked}
      onCheckedChange={onChange}
      onSelect={(event) => event.preventDefault()}
    >
      <span className={classes.mark} aria-hidden>
        <DropdownMenu.ItemIndicator>✓</DropdownMenu.ItemIndicator>
      </span>
      {children}
    </DropdownMenu.CheckboxItem>
  );
}

/** A heading inside a menu. */
export function MenuHead({ children }: { readonly children: ReactNode }) {
  return <DropdownMenu.Label className={classes.headline}>{children}</DropdownMenu.Label>;
}

/** A line between groups. */
export const MenuLine = () => <DropdownMenu.Separator className={classes.line} />;

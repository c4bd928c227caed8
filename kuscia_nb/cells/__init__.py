"""What an editor, and a magic, wants to know of a cell: what is wrong in it, where the cursor is, what is above."""

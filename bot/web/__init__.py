"""What people open in a browser: the chat page, the widget, the staff page, and health for watchers."""

using System.Globalization;
using System.Text;

namespace FastAttn.NeonCases;

/// <summary>The C# of one exported function that calls any public kernel by number, arguments in an array of 64-bit words.</summary>
internal static class EntryPoint
{
    public static string Text(EmittedKernels kernels)
    {
        var text = new StringBuilder("""
            using System.Runtime;

            namespace FastAttn.Kernels;

            public unsafe partial struct NeonKernels
            {
                private static byte* Marks;

                [RuntimeExport("neon_set_marks")]
                public static void SetMarks(byte* marks) => Marks = marks;

                [RuntimeExport("neon_call")]
                public static void Call(int method, long* arguments, float* result)
                {
                    switch (method)
                    {

            """);
        for (int number = 0; number < kernels.Methods.Count; number++)
        {
            EmittedMethod method = kernels.Methods[number];
            if (!method.IsPublic) continue;
            string call = method.IsProperty ? method.Name : $"{method.Name}({string.Join(", ", method.Parameters.Select(Argument))})";
            string statement = method.Result switch
            {
                "void" => $"{call};",
                "bool" => $"*result = {call} ? 1f : 0f;",
                "int" or "float" => $"*result = {call};",
                _ => throw new InvalidOperationException($"{method.Name} returns {method.Result}, which no case can compare"),
            };
            text.AppendLine(CultureInfo.InvariantCulture, $"            case {number}: {statement} return;");
        }

        return text.Append("        }\n    }\n}\n").ToString();
    }

    private static string Argument((string Type, string Name) parameter, int index) => parameter.Type switch
    {
        "float*" or "int*" => $"({parameter.Type})arguments[{index}]",
        "float" => $"*(float*)&arguments[{index}]",
        "int" => $"(int)arguments[{index}]",
        "nint" => $"(nint)arguments[{index}]",
        _ => throw new InvalidOperationException($"parameter {parameter.Name} is of type {parameter.Type}, which no case can give"),
    };
}
